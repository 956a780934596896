"""The lake's S3 endpoint as boto3 and the AWS CLI see it.

Run by the test `s3_clients` of the crate local-lake, which starts the endpoint, stores what stewards may and may not
read, and names everything in the JSON file S3_TEST_SETUP. It needs boto3 and awscli of this interpreter.
"""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

SETUP = json.loads(pathlib.Path(os.environ["S3_TEST_SETUP"]).read_text())
BUCKET = SETUP["bucket"]
OWN = SETUP["own"]  # one object of each zone of the reader's institution
FOREIGN = SETUP["foreign"]  # the same of an institution whose name only goes on longer
ZONES = ("ingestion", "staging", "error")


def client(who, **config):
    credentials = SETUP["who"][who] if isinstance(who, str) else who
    return boto3.client(
        "s3",
        endpoint_url=SETUP["endpoint"],
        region_name=SETUP["region"],
        aws_access_key_id=credentials["key"],
        aws_secret_access_key=credentials["secret"],
        aws_session_token=credentials.get("token"),
        config=Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1},
            connect_timeout=5,
            read_timeout=30,
            **config,
        ),
    )


def own_prefix(zone):
    return f"{zone}/protocol=hl7v2/source=my_hospital_12/"


class Case(unittest.TestCase):
    def refused(self, code, call, *arguments, status=None, **named):
        with self.assertRaises(ClientError, msg=f"{code} is expected of {named}") as caught:
            call(*arguments, **named)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, named)
        if status:
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status, named)
        return answer


class Administrator(Case):
    """Everything the protocol does here, by the one who may."""

    def setUp(self):
        self.s3 = client("administrator")

    def body(self, key, **named):
        return self.s3.get_object(Bucket=BUCKET, Key=key, **named)["Body"].read()

    def test_buckets(self):
        names = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        self.assertIn(BUCKET, names)
        self.assertEqual(self.s3.head_bucket(Bucket=BUCKET)["BucketRegion"], SETUP["region"])
        self.assertIsNone(self.s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"])
        self.assertEqual(self.s3.get_bucket_versioning(Bucket=BUCKET)["Status"], "Enabled")
        self.refused("404", self.s3.head_bucket, Bucket="no-such-bucket")
        self.refused("NoSuchBucket", self.s3.list_objects_v2, Bucket="no-such-bucket")
        self.refused("NoSuchBucket", self.s3.put_object, Bucket="no-such-bucket", Key="a", Body=b"x")
        self.s3.create_bucket(Bucket="made-by-test")
        self.refused("BucketAlreadyOwnedByYou", self.s3.create_bucket, Bucket="made-by-test")

    def test_an_object_comes_back_with_all_that_was_said_of_it(self):
        put = self.s3.put_object(
            Bucket=BUCKET,
            Key="full/object",
            Body=b"MSH|^~\\&|",
            ContentType="application/hl7-v2",
            CacheControl="no-store",
            ContentDisposition='attachment; filename="a.er7"',
            ContentLanguage="en",
            Metadata={"origin": "test", "word": "value"},
            Tagging="source=my%20lab&kind=x",
        )
        self.assertEqual(put["ETag"], '"' + hashlib.md5(b"MSH|^~\\&|").hexdigest() + '"')
        got = self.s3.get_object(Bucket=BUCKET, Key="full/object")
        self.assertEqual(got["Body"].read(), b"MSH|^~\\&|")
        head = self.s3.head_object(Bucket=BUCKET, Key="full/object")
        for answer in (got, head):
            self.assertEqual(answer["ContentType"], "application/hl7-v2")
            self.assertEqual(answer["CacheControl"], "no-store")
            self.assertEqual(answer["ContentDisposition"], 'attachment; filename="a.er7"')
            self.assertEqual(answer["ContentLanguage"], "en")
            self.assertNotIn("ContentEncoding", answer, "how it was sent is not what it is")
            self.assertEqual(answer["Metadata"], {"origin": "test", "word": "value"})
            self.assertEqual(answer["ContentLength"], 9)
            self.assertEqual(answer["VersionId"], put["VersionId"])
            self.assertEqual(answer["AcceptRanges"], "bytes")
        self.assertEqual(got["TagCount"], 2)
        self.assertEqual(self.body("full/object", ResponseContentType="text/plain"), b"MSH|^~\\&|")

    def test_tags(self):
        self.s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"x", Tagging="source=a")
        where = {"Bucket": BUCKET, "Key": "tagged"}
        self.assertEqual(self.s3.get_object_tagging(**where)["TagSet"], [{"Key": "source", "Value": "a"}])
        new = [{"Key": "b", "Value": ""}, {"Key": "source", "Value": "ä / +"}]
        self.s3.put_object_tagging(**where, Tagging={"TagSet": new})
        self.assertEqual(self.s3.get_object_tagging(**where)["TagSet"], new)
        self.s3.delete_object_tagging(**where)
        self.assertEqual(self.s3.get_object_tagging(**where)["TagSet"], [])
        for bad in ("a=1&a=2", "a=" + "x" * 257, "x" * 129 + "=1", "&".join(f"k{i}=1" for i in range(11))):
            self.refused("InvalidTag", self.s3.put_object, **where, Body=b"x", Tagging=bad)

    def test_ranges(self):
        for size in (1000, 300_000):
            data = os.urandom(size)
            key = f"ranges/{size}"
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
            for text, wanted in (
                ("bytes=0-0", data[:1]),
                ("bytes=10-19", data[10:20]),
                ("bytes=990-", data[990:]),
                ("bytes=-7", data[-7:]),
                (f"bytes=5-{size * 2}", data[5:]),
                (f"bytes=-{size * 2}", data),
            ):
                got = self.s3.get_object(Bucket=BUCKET, Key=key, Range=text)
                self.assertEqual(got["Body"].read(), wanted, text)
                self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206, text)
                start = size - len(wanted) if text.startswith("bytes=-") else int(text[6:].split("-")[0])
                self.assertEqual(got["ContentRange"], f"bytes {start}-{start + len(wanted) - 1}/{size}", text)
            for text in (f"bytes={size}-", "bytes=-0"):
                where = {"Bucket": BUCKET, "Key": key, "Range": text}
                self.refused("InvalidRange", self.s3.get_object, status=416, **where)

    def test_conditional_reads(self):
        put = self.s3.put_object(Bucket=BUCKET, Key="conditional", Body=b"x")
        where = {"Bucket": BUCKET, "Key": "conditional"}
        at = self.s3.head_object(**where)["LastModified"]
        later = at.replace(year=at.year + 1)
        earlier = at.replace(year=at.year - 1)
        for named in ({"IfMatch": put["ETag"]}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'},
                      {"IfModifiedSince": earlier}, {"IfUnmodifiedSince": later},
                      {"IfMatch": put["ETag"], "IfUnmodifiedSince": earlier}):
            self.assertEqual(self.body("conditional", **named), b"x", named)
        for named in ({"IfNoneMatch": put["ETag"]}, {"IfModifiedSince": at},
                      {"IfNoneMatch": put["ETag"], "IfModifiedSince": earlier}):
            self.refused("304", self.s3.get_object, status=304, **where, **named)
            self.refused("304", self.s3.head_object, status=304, **where, **named)
        for named in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": earlier}):
            self.refused("PreconditionFailed", self.s3.get_object, status=412, **where, **named)

    def test_conditional_writes(self):
        where = {"Bucket": BUCKET, "Key": "once"}
        first = self.s3.put_object(**where, Body=b"1", IfNoneMatch="*")
        self.refused("PreconditionFailed", self.s3.put_object, status=412, **where, Body=b"2", IfNoneMatch="*")
        self.assertEqual(self.body("once"), b"1", "the first bytes stay")
        self.s3.put_object(**where, Body=b"3", IfMatch=first["ETag"])
        self.refused("PreconditionFailed", self.s3.put_object, **where, Body=b"4", IfMatch=first["ETag"])
        missing = {"Bucket": BUCKET, "Key": "once-missing"}
        self.refused("NoSuchKey", self.s3.put_object, **missing, Body=b"4", IfMatch=first["ETag"])
        self.s3.delete_object(**where)
        self.s3.put_object(**where, Body=b"5", IfNoneMatch="*")
        self.assertEqual(self.body("once"), b"5", "behind a delete marker nothing is there")

    def test_checksums(self):
        data = b"checked" * 1000
        sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode()
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            where = {"Bucket": BUCKET, "Key": f"checked/{algorithm}"}
            put = self.s3.put_object(**where, Body=data, ChecksumAlgorithm=algorithm)
            self.assertIn(f"Checksum{algorithm}", put)
            got = self.s3.get_object(**where, ChecksumMode="ENABLED")
            self.assertEqual(got["ChecksumSHA256"], sha256, "the lake tells the SHA-256 of every object")
            self.assertEqual(got["Body"].read(), data, "and the client finds it right")
            self.assertEqual(self.s3.head_object(**where, ChecksumMode="ENABLED")["ChecksumType"], "FULL_OBJECT")
            part = self.s3.get_object(**where, ChecksumMode="ENABLED", Range="bytes=0-9")
            self.assertNotIn("ChecksumSHA256", part, "a part has none")
            asked = ["Checksum", "ETag", "ObjectSize", "StorageClass"]
            told = self.s3.get_object_attributes(**where, ObjectAttributes=asked)
            self.assertEqual(told["Checksum"]["ChecksumSHA256"], sha256)
            self.assertEqual(told["ObjectSize"], len(data))
        where = {"Bucket": BUCKET, "Key": "checked/wrong"}
        other = hashlib.sha256(b"other").digest()
        self.refused("BadDigest", self.s3.put_object, **where, Body=data,
                     ChecksumSHA256=base64.b64encode(other).decode())
        self.refused("BadDigest", self.s3.put_object, **where, Body=data, ChecksumCRC32="AAAAAA==")
        md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        self.refused("BadDigest", self.s3.put_object, **where, Body=data, ContentMD5=md5)
        self.refused("InvalidDigest", self.s3.put_object, **where, Body=data, ContentMD5="AAAA")
        self.refused("404", self.s3.head_object, **where)
        right = base64.b64encode(hashlib.md5(data).digest()).decode()
        self.s3.put_object(**where, Body=data, ContentMD5=right)

    def test_a_large_body_streams_in_and_out(self):
        block = os.urandom(1024 * 1024)
        with tempfile.TemporaryFile() as file:
            for _ in range(24):
                file.write(block)
            file.seek(0)
            self.s3.put_object(Bucket=BUCKET, Key="large", Body=file)
        got = self.s3.get_object(Bucket=BUCKET, Key="large")
        self.assertEqual(got["ContentLength"], 24 * len(block))
        for piece in got["Body"].iter_chunks(len(block)):
            self.assertEqual(piece, block)
        tail = self.s3.get_object(Bucket=BUCKET, Key="large", Range="bytes=-100")
        self.assertEqual(tail["Body"].read(), block[-100:])
        self.s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
        self.assertEqual(self.body("empty"), b"")

    def test_copy(self):
        self.s3.put_object(Bucket=BUCKET, Key="copy from/ä", Body=b"1", Metadata={"a": "1"}, Tagging="t=1")
        source = {"Bucket": BUCKET, "Key": "copy from/ä"}
        self.s3.copy_object(Bucket=BUCKET, Key="copied", CopySource=source)
        got = self.s3.get_object(Bucket=BUCKET, Key="copied")
        self.assertEqual((got["Body"].read(), got["Metadata"], got["TagCount"]), (b"1", {"a": "1"}, 1))
        self.s3.copy_object(Bucket=BUCKET, Key="copied", CopySource=source, MetadataDirective="REPLACE",
                            Metadata={"b": "2"}, ContentType="text/plain", TaggingDirective="REPLACE", Tagging="u=2")
        got = self.s3.get_object(Bucket=BUCKET, Key="copied")
        self.assertEqual((got["Metadata"], got["ContentType"]), ({"b": "2"}, "text/plain"))
        tags = self.s3.get_object_tagging(Bucket=BUCKET, Key="copied")["TagSet"]
        self.assertEqual(tags, [{"Key": "u", "Value": "2"}])
        self.refused("InvalidRequest", self.s3.copy_object, **source, CopySource=source)
        self.refused("NoSuchKey", self.s3.copy_object, Bucket=BUCKET, Key="x",
                     CopySource={"Bucket": BUCKET, "Key": "missing"})
        self.refused("PreconditionFailed", self.s3.copy_object, Bucket=BUCKET, Key="x", CopySource=source,
                     CopySourceIfMatch='"other"')

    def test_versions(self):
        where = {"Bucket": BUCKET, "Key": "versions/key"}
        first = self.s3.put_object(**where, Body=b"1")["VersionId"]
        second = self.s3.put_object(**where, Body=b"2")["VersionId"]
        self.assertEqual(self.body("versions/key", VersionId=first), b"1")
        marker = self.s3.delete_object(**where)
        self.assertTrue(marker["DeleteMarker"])
        answer = self.refused("NoSuchKey", self.s3.get_object, status=404, **where)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        self.refused("MethodNotAllowed", self.s3.get_object, status=405, **where, VersionId=marker["VersionId"])
        self.assertEqual(self.body("versions/key", VersionId=second), b"2", "what was stored stays")
        listed = self.s3.list_object_versions(Bucket=BUCKET, Prefix="versions/")
        self.assertEqual([(one["VersionId"], one["IsLatest"]) for one in listed["Versions"]],
                         [(second, False), (first, False)])
        self.assertEqual([(one["VersionId"], one["IsLatest"]) for one in listed["DeleteMarkers"]],
                         [(marker["VersionId"], True)])
        gone = self.s3.delete_object(**where, VersionId=marker["VersionId"])
        self.assertTrue(gone["DeleteMarker"])
        self.assertEqual(self.body("versions/key"), b"2", "without the marker the key is back")
        self.s3.delete_object(**where, VersionId=second)
        self.assertEqual(self.body("versions/key"), b"1")
        self.refused("NoSuchVersion", self.s3.get_object, status=404, **where, VersionId=second)
        self.refused("InvalidArgument", self.s3.get_object, status=400, **where, VersionId="what")
        paged = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=BUCKET, Prefix="many/d3/", PaginationConfig={"PageSize": 77})
        self.assertEqual(sum(len(page.get("Versions", [])) for page in paged), SETUP["many"] // 7)

    def test_delete_many(self):
        keys = ["gone/1", "gone/ü", "gone/never"]
        for key in keys[:2]:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        answer = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
        self.assertEqual(sorted(one["Key"] for one in answer["Deleted"]), sorted(keys))
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket=BUCKET, Prefix="gone/"))

    def test_lists_of_thousands(self):
        many = SETUP["many"]
        expected = sorted(f"many/d{i % 7}/{i:05}" for i in range(many))
        for operation in ("list_objects_v2", "list_objects"):
            pages = list(self.s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="many/"))
            self.assertEqual([one["Key"] for page in pages for one in page["Contents"]], expected, operation)
            self.assertEqual([len(page["Contents"]) for page in pages][:-1], [1000] * (many // 1000))
            for size in (1, 2, 1000):
                pages = self.s3.get_paginator(operation).paginate(
                    Bucket=BUCKET, Prefix="many/", Delimiter="/", PaginationConfig={"PageSize": size})
                groups = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])]
                self.assertEqual(groups, [f"many/d{i}/" for i in range(7)], f"{operation} in pages of {size}")
        page = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="many/", StartAfter=expected[1233], MaxKeys=3)
        self.assertEqual([one["Key"] for one in page["Contents"]], expected[1234:1237])
        self.assertEqual((page["KeyCount"], page["MaxKeys"], page["IsTruncated"]), (3, 3, True))
        self.assertEqual(self.s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)["KeyCount"], 0)
        self.refused("InvalidArgument", self.s3.list_objects_v2, Bucket=BUCKET, ContinuationToken="what")

    def test_keys_of_every_kind(self):
        keys = ["odd/a", "odd/a/b", "odd/a/", "odd/a//c", "odd/ ", "odd/+", "odd/%41", "odd/a&b=c?d#e", "odd/ü",
                "odd/日本", "odd/🏥", "odd/'\"<>", "odd/a\\b", "odd/~^|`{}[]", "odd/:@,;!$*()", "odd/.", "odd/../x",
                "odd/\u0001", "odd/\n", "odd/" + "x" * 1020, "odd/" + "ä" * 510]
        for number, key in enumerate(keys):
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=str(number).encode())
        for number, key in enumerate(keys):
            self.assertEqual(self.body(key), str(number).encode(), key)
        listed = [one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET, Prefix="odd/")["Contents"]]
        self.assertEqual(listed, sorted(keys, key=lambda key: key.encode()), "in the order of UTF-8")
        level = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="odd/a", Delimiter="/")
        self.assertIn("odd/a", [one["Key"] for one in level["Contents"]], "`a` stands beside `a/`")
        self.assertEqual([one["Prefix"] for one in level["CommonPrefixes"]], ["odd/a/"])
        self.refused("KeyTooLongError", self.s3.put_object, Bucket=BUCKET, Key="x" * 1025, Body=b"")

    def test_what_is_not_there_says_so(self):
        where = {"Bucket": BUCKET, "Key": "parts"}
        self.refused("NotImplemented", self.s3.create_multipart_upload, status=501, **where)
        self.refused("NotImplemented", self.s3.get_object_acl, status=501, **where)
        self.refused("NotImplemented", self.s3.put_bucket_policy, Bucket=BUCKET, Policy="{}")
        self.refused("NotImplemented", self.s3.put_object, **where, Body=b"", ACL="public-read")


class Credentials(Case):
    def test_wrong_credentials(self):
        reader = SETUP["who"]["reader"]
        listing = {"Bucket": BUCKET, "Prefix": own_prefix("staging")}
        client(reader).list_objects_v2(**listing)
        tampered = reader["token"][:-8] + ("A" if reader["token"][-8] != "A" else "B") + reader["token"][-7:]
        other = SETUP["who"]["neighbour"]
        for code, credentials in (
            ("SignatureDoesNotMatch", {**reader, "secret": reader["secret"][::-1]}),
            ("InvalidAccessKeyId", {**reader, "key": "AKIAIOSFODNN7EXAMPLE"}),
            ("InvalidAccessKeyId", {**reader, "token": None}),
            ("InvalidToken", {**reader, "token": tampered}),
            ("InvalidToken", {**reader, "token": other["token"]}),
            ("InvalidToken", {**SETUP["who"]["administrator"], "token": reader["token"]}),
            ("ExpiredToken", SETUP["who"]["expired"]),
        ):
            self.refused(code, client(credentials).list_objects_v2, **listing)
        anonymous = client("reader", signature_version=UNSIGNED)
        self.refused("AccessDenied", anonymous.list_objects_v2, **listing)
        old = client("reader", signature_version="s3")
        self.refused("InvalidRequest", old.list_objects_v2, **listing)

    def test_presigned_urls(self):
        def fetch(who, key, **named):
            url = client(who, signature_version="s3v4").generate_presigned_url(
                "get_object", Params={"Bucket": BUCKET, "Key": key}, **named)
            return url

        def status(url):
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        url = fetch("reader", OWN["staging"])
        self.assertEqual(status(url), (200, b"own staging"))
        self.assertEqual(status(fetch("reader", FOREIGN["staging"]))[0], 403, "another's object")
        self.assertEqual(status(url.replace("staging/", "error/", 1))[0], 403, "another key")
        self.assertIn(b"SignatureDoesNotMatch", status(url[:-1] + ("0" if url[-1] != "0" else "1"))[1])
        self.assertEqual(status(url.split("?")[0])[0], 403, "without a signature")
        self.assertIn(b"ExpiredToken", status(fetch("expired", OWN["staging"]))[1])
        bare = {**SETUP["who"]["reader"], "token": None}
        self.assertIn(b"InvalidAccessKeyId", status(fetch(bare, OWN["staging"]))[1], "without its token")


class Steward(Case):
    """What DESIGN 4.1 allows, and nothing else."""

    def setUp(self):
        self.s3 = client("reader")

    def test_own_objects_can_be_read(self):
        for zone in ZONES:
            where = {"Bucket": BUCKET, "Key": OWN[zone]}
            got = self.s3.get_object(**where)
            self.assertEqual(got["Body"].read(), f"own {zone}".encode())
            self.assertEqual(self.s3.get_object(**where, Range="bytes=4-6")["Body"].read(), zone[:3].encode())
            self.assertEqual(self.s3.head_object(**where)["ContentLength"], len(f"own {zone}"))
            by_version = self.s3.get_object(**where, VersionId=got["VersionId"])
            self.assertEqual(by_version["Body"].read(), f"own {zone}".encode())

    def test_own_prefixes_can_be_listed(self):
        for zone in ZONES:
            for call in (self.s3.list_objects_v2, self.s3.list_objects):
                listed = call(Bucket=BUCKET, Prefix=own_prefix(zone))
                self.assertEqual([one["Key"] for one in listed["Contents"]], [OWN[zone]])
            days = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=own_prefix(zone), Delimiter="/")
            self.assertEqual([one["Prefix"] for one in days["CommonPrefixes"]], [own_prefix(zone) + "date=2026-03-04/"])
            present = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=OWN[zone], MaxKeys=1)
            self.assertEqual(present["KeyCount"], 1, "presence is asked by listing")
            absent = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=OWN[zone] + "x", MaxKeys=1)
            self.assertEqual(absent["KeyCount"], 0)

    def test_nothing_else_can_be_read(self):
        foreign = [FOREIGN[zone] for zone in ZONES]
        for key in foreign + [SETUP["mistagged"], SETUP["untagged"], own_prefix("staging") + "missing", "missing"]:
            where = {"Bucket": BUCKET, "Key": key}
            self.refused("AccessDenied", self.s3.get_object, status=403, **where)
            self.refused("403", self.s3.head_object, status=403, **where)
            self.refused("AccessDenied", self.s3.get_object, status=403, **where, VersionId="0000000000000001")
        self.refused("AccessDenied", self.s3.get_object, Bucket=SETUP["other_bucket"], Key="own")
        self.refused("AccessDenied", self.s3.get_object, Bucket="no-such-bucket", Key="a")

    def test_nothing_else_can_be_listed(self):
        prefixes = [None, "", "staging", "staging/", "staging/protocol=hl7v2/", "staging/protocol=hl7v2/source=",
                    own_prefix("staging")[:-1], "many/", "staging/protocol=hl7v2/source=my_hospital_123/", "/"]
        for prefix in prefixes:
            named = {"Bucket": BUCKET} if prefix is None else {"Bucket": BUCKET, "Prefix": prefix}
            self.refused("AccessDenied", self.s3.list_objects_v2, status=403, **named)
            self.refused("AccessDenied", self.s3.list_objects, status=403, **named)
        self.refused("AccessDenied", self.s3.list_object_versions, Bucket=BUCKET, Prefix=own_prefix("staging"))
        self.refused("AccessDenied", self.s3.list_buckets)
        self.refused("403", self.s3.head_bucket, Bucket=BUCKET)
        self.refused("AccessDenied", self.s3.get_bucket_location, Bucket=BUCKET)
        self.refused("AccessDenied", self.s3.get_bucket_versioning, Bucket=BUCKET)
        self.refused("AccessDenied", self.s3.list_objects_v2, Bucket=SETUP["other_bucket"], Prefix=own_prefix("staging"))

    def test_nothing_can_be_changed(self):
        where = {"Bucket": BUCKET, "Key": OWN["staging"]}
        tagging = {"TagSet": [{"Key": "source", "Value": "my_hospital_12"}]}
        source = {"Bucket": BUCKET, "Key": OWN["staging"]}
        new = {"Bucket": BUCKET, "Key": own_prefix("staging") + "new"}
        for call, named in (
            (self.s3.put_object, {**new, "Body": b"x"}),
            (self.s3.put_object, {**new, "Body": b"x", "Tagging": "source=my_hospital_12"}),
            (self.s3.copy_object, {**new, "CopySource": source}),
            (self.s3.delete_object, where),
            (self.s3.delete_objects, {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": OWN["staging"]}]}}),
            (self.s3.put_object_tagging, {**where, "Tagging": tagging}),
            (self.s3.put_object_tagging, {"Bucket": BUCKET, "Key": FOREIGN["staging"], "Tagging": tagging}),
            (self.s3.delete_object_tagging, where),
            (self.s3.get_object_tagging, where),
            (self.s3.get_object_attributes, {**where, "ObjectAttributes": ["ETag"]}),
            (self.s3.create_multipart_upload, new),
            (self.s3.create_bucket, {"Bucket": "mine"}),
            (self.s3.delete_bucket, {"Bucket": BUCKET}),
            (self.s3.put_bucket_policy, {"Bucket": BUCKET, "Policy": "{}"}),
            (self.s3.get_object_acl, where),
        ):
            self.refused("AccessDenied", call, status=403, **named)
        self.assertEqual(self.s3.get_object(**where)["Body"].read(), b"own staging", "all is as it was")

    def test_others_have_no_more(self):
        neighbour = client("neighbour")
        for zone in ZONES:
            where = {"Bucket": BUCKET, "Key": FOREIGN[zone]}
            self.assertEqual(neighbour.get_object(**where)["Body"].read(), f"foreign {zone}".encode())
            self.refused("AccessDenied", neighbour.get_object, Bucket=BUCKET, Key=OWN[zone])
            self.refused("AccessDenied", neighbour.list_objects_v2, Bucket=BUCKET, Prefix=own_prefix(zone))
        writer = client("writer")
        self.refused("AccessDenied", writer.get_object, Bucket=BUCKET, Key=OWN["staging"])
        self.refused("AccessDenied", writer.list_objects_v2, Bucket=BUCKET, Prefix=own_prefix("staging"))
        self.refused("AccessDenied", writer.put_object, Bucket=BUCKET, Key=own_prefix("staging") + "x", Body=b"")


class CommandLine(Case):
    def aws(self, who, *arguments):
        credentials = SETUP["who"][who]
        with tempfile.TemporaryDirectory() as home:
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": home,
                "AWS_ACCESS_KEY_ID": credentials["key"],
                "AWS_SECRET_ACCESS_KEY": credentials["secret"],
                "AWS_DEFAULT_REGION": SETUP["region"],
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            if credentials.get("token"):
                environment["AWS_SESSION_TOKEN"] = credentials["token"]
            program = pathlib.Path(sys.executable).parent / "aws"
            command = [str(program), "--endpoint-url", SETUP["endpoint"], "--output", "json", *arguments]
            return subprocess.run(command, env=environment, capture_output=True, timeout=60, cwd=home, check=False)

    def test_a_steward_reads_and_lists(self):
        got = self.aws("reader", "s3api", "get-object", "--bucket", BUCKET, "--key", OWN["error"], "out.json")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(json.loads(got.stdout)["ContentLength"], len("own error"))
        listed = self.aws("reader", "s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", own_prefix("error"))
        self.assertEqual([one["Key"] for one in json.loads(listed.stdout)["Contents"]], [OWN["error"]], listed.stderr)
        folder = f"s3://{BUCKET}/{own_prefix('staging')}"
        shown = self.aws("reader", "s3", "ls", folder)
        self.assertIn(b"PRE date=2026-03-04/", shown.stdout, shown.stderr)
        copied = self.aws("reader", "s3", "cp", f"s3://{BUCKET}/{OWN['ingestion']}", "-")
        self.assertEqual(copied.stdout, b"own ingestion", copied.stderr)

    def test_a_steward_is_refused_the_rest(self):
        for arguments in (
            ("s3", "ls"),
            ("s3", "ls", f"s3://{BUCKET}/"),
            ("s3", "rm", f"s3://{BUCKET}/{OWN['staging']}"),
            ("s3api", "get-object", "--bucket", BUCKET, "--key", FOREIGN["staging"], "out.json"),
            ("s3api", "put-object", "--bucket", BUCKET, "--key", own_prefix("staging") + "x"),
        ):
            refused = self.aws("reader", *arguments)
            self.assertNotEqual(refused.returncode, 0, arguments)
            self.assertIn(b"AccessDenied", refused.stderr, arguments)

    def test_an_administrator_writes(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"from the command line")
            file.flush()
            target = f"s3://{BUCKET}/command/line.txt"
            put = self.aws("administrator", "s3", "cp", file.name, target)
            self.assertEqual(put.returncode, 0, put.stderr)
        got = self.aws("administrator", "s3", "cp", target, "-")
        self.assertEqual(got.stdout, b"from the command line", got.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
