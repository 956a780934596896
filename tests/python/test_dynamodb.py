"""The catalog's endpoint through boto3 and the AWS CLI: what a steward may do works, everything else is refused.

Run by the Rust test `boto3_and_the_command_line_can_do_what_the_policy_allows_and_no_more`, which puts the endpoint and
credentials into LAKE_SETTINGS.
"""

import json
import os
import subprocess
import sys
import unittest

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError

LAKE = json.loads(os.environ["LAKE_SETTINGS"])
TABLE = LAKE["table"]
CONFIG = Config(retries={"max_attempts": 1}, connect_timeout=10, read_timeout=30)


def session(credentials):
    return boto3.Session(
        aws_access_key_id=credentials["id"],
        aws_secret_access_key=credentials["secret"],
        aws_session_token=credentials.get("token"),
        region_name=LAKE["region"],
    )


def client(credentials):
    return session(credentials).client("dynamodb", endpoint_url=LAKE["endpoint"], config=CONFIG)


def table(credentials):
    resource = session(credentials).resource("dynamodb", endpoint_url=LAKE["endpoint"], config=CONFIG)
    return resource.Table(TABLE)


class Steward(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = client(LAKE["session"])
        cls.table = table(LAKE["session"])

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError, msg=f"{call} {arguments} must be refused") as caught:
            getattr(self.client, call)(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, f"{call} {arguments}")

    def test_reads_a_head_and_its_history(self):
        found = self.table.get_item(Key={"source_message": LAKE["own_message"], "event": "message"})
        self.assertEqual(found["Item"]["state"], "attention", "the head as recorded")
        history = self.table.query(KeyConditionExpression=Key("source_message").eq(LAKE["own_message"]))
        self.assertEqual([item["event"] for item in history["Items"]], ["error#1", "ingested", "message"])

    def test_pages_through_a_day_newest_first(self):
        pages = self.client.get_paginator("query").paginate(
            TableName=TABLE,
            IndexName="by_day",
            KeyConditionExpression="source_day = :day AND #p BETWEEN :from AND :to",
            ExpressionAttributeNames={"#p": "position"},
            ExpressionAttributeValues={
                ":day": {"S": f"{LAKE['own']}#2026-03-04#0"},
                ":from": {"S": "2026-03-04T10"},
                ":to": {"S": "2026-03-04T11"},
            },
            ScanIndexForward=False,
            PaginationConfig={"PageSize": 2},
        )
        pages = list(pages)
        positions = [item["position"]["S"] for page in pages for item in page["Items"]]
        self.assertEqual(len(pages), 3, "two a page")
        self.assertEqual(positions, sorted(positions, reverse=True), "newest first")
        self.assertEqual(len(positions), 5, "all of the day")

    def test_filters_and_conditions_of_the_resource_api(self):
        found = self.table.query(
            IndexName="open",
            KeyConditionExpression=Key("open_source").eq(f"{LAKE['own']}#open") & Key("position").begins_with("2026-"),
            FilterExpression=Attr("error_code").eq("no-message-header"),
            Select="COUNT",
        )
        self.assertEqual(found["Count"], 3, "three that failed")

    def test_asks_in_the_older_way(self):
        found = self.client.query(
            TableName=TABLE,
            KeyConditions={
                "source_message": {"AttributeValueList": [{"S": LAKE["own_message"]}], "ComparisonOperator": "EQ"}
            },
        )
        self.assertEqual(found["Count"], 3, "head and two events")

    def test_describes_the_table(self):
        found = self.client.describe_table(TableName=TABLE)["Table"]
        names = {index["IndexName"] for index in found["GlobalSecondaryIndexes"]}
        self.assertEqual(names, {"by_day", "open", "by_control"})

    def test_is_refused_what_belongs_to_others(self):
        key = {"source_message": {"S": LAKE["foreign_message"]}, "event": {"S": "message"}}
        self.refused("AccessDeniedException", "get_item", TableName=TABLE, Key=key)
        for index, name, value in [
            (None, "source_message", LAKE["foreign_message"]),
            ("open", "open_source", f"{LAKE['foreign']}#open"),
            ("by_day", "source_day", f"{LAKE['foreign']}#2026-03-04#0"),
            ("by_control", "source_control", f"{LAKE['foreign']}#C0"),
        ]:
            arguments = {"IndexName": index} if index else {}
            self.refused(
                "AccessDeniedException",
                "query",
                TableName=TABLE,
                KeyConditionExpression="#k = :k",
                ExpressionAttributeNames={"#k": name},
                ExpressionAttributeValues={":k": {"S": value}},
                **arguments,
            )

    def test_is_refused_every_other_operation(self):
        key = {"source_message": {"S": LAKE["own_message"]}, "event": {"S": "message"}}
        denied = "AccessDeniedException"
        self.refused(denied, "scan", TableName=TABLE)
        self.refused(denied, "batch_get_item", RequestItems={TABLE: {"Keys": [key]}})
        self.refused(denied, "transact_get_items", TransactItems=[{"Get": {"TableName": TABLE, "Key": key}}])
        self.refused(denied, "execute_statement", Statement=f"SELECT * FROM {TABLE}")
        self.refused(denied, "batch_execute_statement", Statements=[{"Statement": f"SELECT * FROM {TABLE}"}])
        self.refused(denied, "put_item", TableName=TABLE, Item=key)
        self.refused(denied, "update_item", TableName=TABLE, Key=key)
        self.refused(denied, "delete_item", TableName=TABLE, Key=key)
        self.refused(denied, "batch_write_item", RequestItems={TABLE: [{"DeleteRequest": {"Key": key}}]})
        self.refused(denied, "transact_write_items", TransactItems=[{"Delete": {"TableName": TABLE, "Key": key}}])
        self.refused(denied, "delete_table", TableName=TABLE)
        self.refused(denied, "list_tables")

    def test_is_refused_with_credentials_that_prove_nothing(self):
        key = {"source_message": {"S": LAKE["own_message"]}, "event": {"S": "message"}}
        good = LAKE["session"]
        for credentials, code in [
            ({**good, "secret": "wrong"}, "InvalidSignatureException"),
            ({**good, "token": "bm90IG91cnM="}, "UnrecognizedClientException"),
            ({"id": good["id"], "secret": good["secret"]}, "UnrecognizedClientException"),
            (LAKE["expired"], "ExpiredTokenException"),
        ]:
            with self.assertRaises(ClientError) as caught:
                client(credentials).get_item(TableName=TABLE, Key=key)
            self.assertEqual(caught.exception.response["Error"]["Code"], code)


class Administrator(unittest.TestCase):
    def test_may_scan(self):
        found = client(LAKE["root"]).scan(TableName=TABLE, Select="COUNT")
        self.assertEqual(found["Count"], 28, "ten heads, sixteen events, two days")


class CommandLine(unittest.TestCase):
    def aws(self, *arguments):
        credentials = LAKE["session"]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": credentials["id"],
            "AWS_SECRET_ACCESS_KEY": credentials["secret"],
            "AWS_SESSION_TOKEN": credentials["token"],
            "AWS_DEFAULT_REGION": LAKE["region"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        command = [sys.executable, "-m", "awscli", "--endpoint-url", LAKE["endpoint"], "--output", "json", "dynamodb"]
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def test_reads_own_items(self):
        key = json.dumps({"source_message": {"S": LAKE["own_message"]}, "event": {"S": "message"}})
        done = self.aws("get-item", "--table-name", TABLE, "--key", key)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["Item"]["state"]["S"], "attention")

    def test_is_refused_a_scan(self):
        done = self.aws("scan", "--table-name", TABLE)
        self.assertNotEqual(done.returncode, 0, "a scan must be refused")
        self.assertIn("AccessDeniedException", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
