"""A lake's sign-in and storage on ministack; one JSON object on standard output.

Arguments: ministack's address, redirect URIs. Speaks to loopback only.
"""

import json
import sys

import boto3

REGION = "eu-central-1"
OWN, FOREIGN = "my_hospital_123", "other_clinic_456"
MESSAGE = "019cb3c1-7d00-7000-8000-000000000000"


def main(address, redirects):
    def client(name):
        return boto3.client(
            name, endpoint_url=address, region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )

    pool, app = user_pool(client("cognito-idp"), redirects)
    provider = f"cognito-idp.{REGION}.amazonaws.com/{pool}"
    bucket = "lake-of-a-test"
    keys = objects(client("s3"), bucket)
    identity_pool = credentials(client("cognito-identity"), client("iam"), provider, app, bucket)
    print(json.dumps({
        "region": REGION, "pool": pool, "client": app, "provider": provider, "identity_pool": identity_pool,
        "bucket": bucket, "own": keys[OWN], "foreign": keys[FOREIGN],
    }))


def user_pool(idp, redirects):
    text = {"AttributeDataType": "String", "Mutable": True, "StringAttributeConstraints": {"MaxLength": "64"}}
    simple = {
        "MinimumLength": 8, "RequireUppercase": False, "RequireLowercase": False,
        "RequireNumbers": False, "RequireSymbols": False,
    }
    pool = idp.create_user_pool(
        PoolName="stewards", Policies={"PasswordPolicy": simple}, UsernameAttributes=["email"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        Schema=[{"Name": "read", **text}, {"Name": "write", **text}],
    )["UserPool"]["Id"]
    app = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="lake-steward", GenerateSecret=False, EnableTokenRevocation=True,
        AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email", "profile"], SupportedIdentityProviders=["COGNITO"],
        CallbackURLs=redirects, LogoutURLs=redirects, ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        ReadAttributes=["email", "custom:read", "custom:write"], WriteAttributes=["email"],
    )["UserPoolClient"]["ClientId"]
    idp.create_user_pool_domain(Domain="stewards-of-a-test", UserPoolId=pool)
    user(idp, pool, "admin@example.com", {"custom:read": OWN, "custom:write": OWN})
    user(idp, pool, "nobody@example.com", {})
    user(idp, pool, "blank@example.com", {"custom:read": " ", "custom:write": "not a name!"})
    # As an administrator invites somebody: the password is for one sign-in, which asks for another.
    user(idp, pool, "invited@example.com", {"custom:read": OWN}, permanent=False)
    return pool, app


def user(idp, pool, name, rights, permanent=True):
    attributes = {"email": name, "email_verified": "true", **rights}
    idp.admin_create_user(
        UserPoolId=pool, Username=name, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    password = "correct horse battery"
    idp.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=permanent)


def objects(s3, bucket):
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = {}
    for source in (OWN, FOREIGN):
        keys[source] = f"ingestion/protocol=hl7v2/source={source}/date=2026-03-04/{MESSAGE}.er7"
        s3.put_object(Bucket=bucket, Key=keys[source], Body=b"MSH|^~\\&|A\r", Tagging=f"source={source}")
    return keys


def credentials(identity, iam, provider, app, bucket):
    pool = identity.create_identity_pool(
        IdentityPoolName="stewards", AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": app, "ServerSideTokenCheck": True}],
    )["IdentityPoolId"]
    identity.set_principal_tag_attribute_map(
        IdentityPoolId=pool, IdentityProviderName=provider, UseDefaults=False,
        PrincipalTags={"read": "custom:read", "write": "custom:write"},
    )
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool}},
    }]}
    role = iam.create_role(RoleName="stewards", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    # The lake's own policy needs the principal tags, policy variables and condition keys that ministack has not.
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/source": OWN}},
    }]}
    iam.put_role_policy(RoleName="stewards", PolicyName="read", PolicyDocument=json.dumps(policy))
    identity.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role})
    return pool


main(sys.argv[1], sys.argv[2:])
