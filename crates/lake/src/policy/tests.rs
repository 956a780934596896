use proptest::prelude::*;

use super::*;

const BUCKET: &str = "arn:aws:s3:::lake-1";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/catalog-1";
const MINE: &str = "my_hospital_12";

fn steward() -> Policy {
    steward_policy(BUCKET, TABLE).expect("the policy of the template is one that is understood in full")
}

fn decide(policy: &Policy, action: &str, resource: &str, context: &Context) -> Decision {
    policy.allows(&Request { action, resource, context })
}

fn allowed(action: &str, resource: &str, context: &Context) -> bool {
    decide(&steward(), action, resource, context).is_allowed()
}

fn reader() -> Context {
    Context::new().principal_tag("read", MINE)
}

#[test]
fn a_steward_reads_objects_by_their_tag() {
    let object = format!("{BUCKET}/ingestion/protocol=hl7v2/source={MINE}/date=2026-03-04/x.er7");
    let (mine, theirs) = (
        reader().existing_object_tag("source", MINE),
        reader().existing_object_tag("source", "my_hospital_123"),
    );
    for action in ["s3:GetObject", "s3:GetObjectVersion", "S3:getobject"] {
        assert!(allowed(action, &object, &mine), "{action} of an own object");
        assert!(!allowed(action, &object, &theirs), "{action} of a foreign object, whatever its key says");
        assert!(
            !allowed(action, &object, &reader()),
            "{action} of an object without the tag, or that is missing"
        );
        let other_tag = reader().existing_object_tag("Source", MINE);
        assert!(!allowed(action, &object, &other_tag), "{action}: another tag is not this one");
        assert!(!allowed(action, BUCKET, &mine), "{action} on the bucket itself");
        assert!(!allowed(action, "arn:aws:s3:::lake-12/x", &mine), "{action} in a bucket with a longer name");
        let nobody = Context::new().existing_object_tag("source", MINE);
        assert!(!allowed(action, &object, &nobody), "{action} without the principal tag");
        let blank = Context::new().principal_tag("read", "").existing_object_tag("source", "");
        assert!(!allowed(action, &object, &blank), "{action}: a blank right is none");
        let writer = Context::new().principal_tag("write", MINE).existing_object_tag("source", MINE);
        assert!(!allowed(action, &object, &writer), "{action}: the right to write does not read");
    }
}

#[test]
fn a_steward_changes_nothing_and_sees_no_settings() {
    let object = format!("{BUCKET}/staging/protocol=hl7v2/source={MINE}/x");
    let mine = reader().existing_object_tag("source", MINE).prefix("").leading_keys([format!("{MINE}#x")]);
    for action in [
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutObjectTagging",
        "s3:GetObjectTagging",
        "s3:ListAllMyBuckets",
        "s3:ListBucketVersions",
        "s3:GetBucketVersioning",
        "s3:GetBucketLocation",
        "dynamodb:Scan",
        "dynamodb:BatchGetItem",
        "dynamodb:PartiQLSelect",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ListTables",
    ] {
        for resource in [&object, BUCKET, TABLE, "*"] {
            assert_eq!(
                decide(&steward(), action, resource, &mine),
                Decision::NotAllowed,
                "{action} on {resource}"
            );
        }
    }
}

#[test]
fn a_steward_lists_only_under_own_prefixes() {
    let id = "0195e9f0-0000-7000-8000-000000000001.er7";
    for zone in ["ingestion", "staging", "error"] {
        let own = format!("{zone}/protocol=hl7v2/source={MINE}/");
        for prefix in [own.clone(), format!("{own}date=2026-03-04/"), format!("{own}date=2026-03-04/{id}")] {
            assert!(allowed("s3:ListBucket", BUCKET, &reader().prefix(&prefix)), "own prefix {prefix}");
        }
        for prefix in [
            String::new(),
            zone.to_owned(),
            format!("{zone}/"),
            format!("{zone}/protocol=hl7v2/"),
            format!("{zone}/protocol=hl7v2/source="),
            format!("{zone}/protocol=hl7v2/source={MINE}"),
            format!("{zone}/protocol=hl7v2/source={MINE}3/"),
            format!("{zone}/protocol=hl7v2/source={MINE}3/date=2026-03-04/source={MINE}/"),
            format!("{zone}/protocol=hl7v2/source=MY_HOSPITAL_12/"),
            format!("/{own}"),
            format!("x{own}"),
        ] {
            assert!(!allowed("s3:ListBucket", BUCKET, &reader().prefix(&prefix)), "not own: {prefix:?}");
        }
        assert!(!allowed("s3:ListBucket", BUCKET, &Context::new().prefix(&own)), "without the principal tag");
        assert!(!allowed("s3:ListBucket", "arn:aws:s3:::lake-2", &reader().prefix(&own)), "another bucket");
    }
    assert!(!allowed("s3:ListBucket", BUCKET, &reader()), "a listing without a prefix");
    assert!(
        !allowed("s3:ListBucket", BUCKET, &reader().prefix(&format!("other/protocol=hl7v2/source={MINE}/"))),
        "a zone that is none"
    );
}

#[test]
fn a_steward_reads_catalog_entries_by_their_leading_key() {
    let index = format!("{TABLE}/index/by_day");
    let keys = |keys: &[&str]| reader().leading_keys(keys.iter().map(|key| (*key).to_owned()));
    for action in ["dynamodb:Query", "dynamodb:GetItem"] {
        for resource in [TABLE, &index] {
            assert!(allowed(action, resource, &keys(&["my_hospital_12#days"])), "{action} own on {resource}");
            assert!(
                allowed(action, resource, &keys(&["my_hospital_12#a", "my_hospital_12#"])),
                "{action}: all keys are own"
            );
            for foreign in [
                &["my_hospital_123#a"][..],
                &["my_hospital_12"],
                &["other#my_hospital_12#"],
                &["my_hospital_12#a", "other#a"],
                &[],
            ] {
                assert!(
                    !allowed(action, resource, &keys(foreign)),
                    "{action} on {resource} with {foreign:?}"
                );
            }
            assert!(
                !allowed(action, resource, &reader()),
                "{action}: without a leading key the guard refuses"
            );
            let nobody = Context::new().leading_keys(["#a".to_owned()]);
            assert!(!allowed(action, resource, &nobody), "{action} without the principal tag");
        }
        let elsewhere = format!("{TABLE}2");
        assert!(!allowed(action, &elsewhere, &keys(&["my_hospital_12#a"])), "{action} on another table");
        let stream = format!("{TABLE}/stream/x");
        assert!(!allowed(action, &stream, &keys(&["my_hospital_12#a"])), "{action} on the table's stream");
    }
    assert!(allowed("dynamodb:DescribeTable", TABLE, &reader()), "the table may be described");
    assert!(!allowed("dynamodb:DescribeTable", TABLE, &Context::new()), "but not without the right to read");
}

#[test]
fn wildcards_and_variables_in_a_tag_are_text() {
    for tag in ["*", "?", "my_hospital_1?", "my_*", "${*}", "${aws:PrincipalTag/read}", "a/*"] {
        let wild = Context::new().principal_tag("read", tag);
        let object = format!("{BUCKET}/x");
        assert!(
            !allowed("s3:GetObject", &object, &wild.clone().existing_object_tag("source", MINE)),
            "tag {tag:?} must not read {MINE}"
        );
        let prefix = format!("ingestion/protocol=hl7v2/source={MINE}/");
        assert!(
            !allowed("s3:ListBucket", BUCKET, &wild.clone().prefix(&prefix)),
            "tag {tag:?} must not list {MINE}"
        );
        let keys = wild.leading_keys([format!("{MINE}#x")]);
        assert!(!allowed("dynamodb:Query", TABLE, &keys), "tag {tag:?} must not query {MINE}");
    }
}

fn one(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
}

fn judge(statement: &str, action: &str, resource: &str, context: &Context) -> Decision {
    let policy = Policy::parse(&one(statement)).expect("the statement is understood");
    decide(&policy, action, resource, context)
}

#[test]
fn an_explicit_deny_wins_wherever_it_stands() {
    let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let deny = r#"{"Sid":"No","Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#;
    for statements in [format!("[{allow},{deny}]"), format!("[{deny},{allow}]")] {
        let denied = Decision::DeniedBy { statement: "No".to_owned() };
        let context = Context::new();
        assert_eq!(
            judge(&statements, "s3:DeleteObject", "arn:aws:s3:::b/k", &context),
            denied,
            "{statements}"
        );
        assert!(
            judge(&statements, "s3:GetObject", "arn:aws:s3:::b/k", &context).is_allowed(),
            "{statements}"
        );
    }
}

#[test]
fn not_action_is_all_the_others() {
    let statement = r#"{"Effect":"Allow","NotAction":["s3:*"],"Resource":"*"}"#;
    assert!(judge(statement, "dynamodb:Query", "*", &Context::new()).is_allowed(), "not among them");
    assert!(!judge(statement, "s3:GetObject", "*", &Context::new()).is_allowed(), "among them");
}

#[test]
fn patterns_match_whole_strings() {
    for (pattern, text, expected) in [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
        ("arn:aws:s3:::b/a?c", "arn:aws:s3:::b/aäc", true),
        ("arn:aws:s3:::b/a?c", "arn:aws:s3:::b/ac", false),
        ("arn:aws:s3:::b/*/x/*", "arn:aws:s3:::b/a/x/x/c", true),
        ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a/x/y", false),
        ("arn:aws:s3:::B/a", "arn:aws:s3:::b/a", false),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", true),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/a", false),
        ("arn:aws:s3:::b/${?}${$}$", "arn:aws:s3:::b/?$$", true),
        ("arn:aws:dynamodb:*:*:table/t", "arn:aws:dynamodb:eu-west-1:1:table/t", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/read}/*", "arn:aws:s3:::b/my_hospital_12/x", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/read}/*", "arn:aws:s3:::b/my_hospital_123/x", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/absent}*", "arn:aws:s3:::b/", false),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{pattern}"}}"#);
        let found = judge(&statement, "s3:GetObject", text, &reader()).is_allowed();
        assert_eq!(found, expected, "{pattern} against {text}");
    }
}

#[test]
fn conditions_hold_as_iam_says() {
    let many = |values: &[&str]| Context::new().leading_keys(values.iter().map(|value| (*value).to_owned()));
    for (condition, context, expected) in [
        (r#"{"StringEquals":{"s3:prefix":["a","b"]}}"#, Context::new().prefix("b"), true),
        (r#"{"StringEquals":{"s3:prefix":["a","b*"]}}"#, Context::new().prefix("bc"), false),
        (r#"{"StringEquals":{"s3:prefix":"b*"}}"#, Context::new().prefix("b*"), true),
        (r#"{"StringEquals":{"s3:prefix":""}}"#, Context::new(), false),
        (r#"{"StringEquals":{"s3:prefix":""}}"#, Context::new().prefix(""), true),
        (r#"{"StringLike":{"s3:prefix":"a*"}}"#, Context::new().prefix("a"), true),
        (r#"{"StringLike":{"s3:prefix":"*"}}"#, Context::new(), false),
        (r#"{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"a#*"}}"#, many(&[]), true),
        (
            r#"{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["a#*","b#*"]}}"#,
            many(&["b#1", "a#1"]),
            true,
        ),
        (r#"{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"a#*"}}"#, many(&["a#1", "b#1"]), false),
        (r#"{"Null":{"s3:prefix":"true"}}"#, Context::new(), true),
        (r#"{"Null":{"s3:prefix":true}}"#, Context::new().prefix("a"), false),
        (r#"{"Null":{"dynamodb:LeadingKeys":false}}"#, many(&[]), false),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, Context::new().secure_transport("false"), true),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, Context::new().secure_transport("true"), false),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, Context::new(), false),
        (
            r#"{"StringLike":{"s3:prefix":"a"},"Null":{"aws:PrincipalTag/read":false}}"#,
            Context::new().prefix("a"),
            false,
        ),
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#);
        let found = judge(&statement, "s3:ListBucket", "*", &context).is_allowed();
        assert_eq!(found, expected, "{condition} with {context:?}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    let base = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#;
    for (statement, part) in [
        (r#"{"Effect":"Allow","Resource":"*"}"#.to_owned(), "Action or NotAction"),
        (
            r#"{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}"#.to_owned(),
            "Action or NotAction",
        ),
        (r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#.to_owned(), "allow"),
        (r#"{"Effect":"Allow","Action":"s3:*"}"#.to_owned(), "Resource"),
        (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#.to_owned(), "empty list"),
        (r#"{"Effect":"Allow","Action":"s3:*","NotResource":"*"}"#.to_owned(), "NotResource"),
        (r#"{"Effect":"Allow","Action":"GetObject","Resource":"*"}"#.to_owned(), "SERVICE:ACTION"),
        (r#"{"Effect":"Allow","Action":"s3:${*}","Resource":"*"}"#.to_owned(), "no variables"),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"bucket/*"}"#.to_owned(), "ARN"),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}"}"#.to_owned(),
            "username",
        ),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${s3:prefix"}"#.to_owned(), "open"),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${dynamodb:LeadingKeys}"}"#
                .to_owned(),
            "many values",
        ),
        (format!(r#"{{{base},"Principal":"*"}}"#), "Principal"),
        (format!(r#"{{{base},"Effect":"Deny"}}"#), "duplicate"),
        (format!(r#"{{{base},"Condition":{{}}}}"#), "empty object"),
        (format!(r#"{{{base},"Condition":{{"StringNotLike":{{"s3:prefix":"a"}}}}}}"#), "StringNotLike"),
        (format!(r#"{{{base},"Condition":{{"StringLikeIfExists":{{"s3:prefix":"a"}}}}}}"#), "IfExists"),
        (format!(r#"{{{base},"Condition":{{"StringLike":{{"s3:Prefix":"a"}}}}}}"#), "s3:Prefix"),
        (format!(r#"{{{base},"Condition":{{"StringLike":{{"aws:SourceIp":"a"}}}}}}"#), "SourceIp"),
        (format!(r#"{{{base},"Condition":{{"StringLike":{{"s3:prefix":[]}}}}}}"#), "empty list"),
        (format!(r#"{{{base},"Condition":{{"StringLike":{{"s3:prefix":"a","s3:prefix":"b"}}}}}}"#), "twice"),
        (
            format!(r#"{{{base},"Condition":{{"StringLike":{{"dynamodb:LeadingKeys":"a"}}}}}}"#),
            "does not go with",
        ),
        (
            format!(r#"{{{base},"Condition":{{"ForAllValues:StringLike":{{"s3:prefix":"a"}}}}}}"#),
            "does not go with",
        ),
        (format!(r#"{{{base},"Condition":{{"Null":{{"s3:prefix":"maybe"}}}}}}"#), "`true` or `false`"),
        (
            format!(r#"{{{base},"Condition":{{"Bool":{{"aws:SecureTransport":["true","false"]}}}}}}"#),
            "one value",
        ),
        (format!(r#"{{{base},"Condition":{{"NumericEquals":{{"s3:max-keys":10}}}}}}"#), "integer `10`"),
    ] {
        let fault = Policy::parse(&one(&statement)).expect_err(&statement);
        assert!(fault.to_string().contains(part), "{statement} is refused for {part}, not for: {fault}");
    }
    for document in [
        "",
        "[]",
        r#"{"Statement":[]}"#,
        r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"},"More":1}"#,
    ] {
        let fault = Policy::parse(document).expect_err(document);
        assert!(matches!(fault, PolicyFault::Document { .. }), "{document}: {fault}");
    }
}

#[test]
fn the_file_is_filled_as_cloudformation_does() {
    assert_eq!(template::fill("${A}/${!aws:x}$", &[("A", "b")]).unwrap(), "b/${aws:x}$", "both forms");
    assert!(template::fill("${B}", &[("A", "b")]).is_err(), "a placeholder without a value");
    assert!(template::fill("${A", &[("A", "b")]).is_err(), "an open placeholder");
    assert!(Policy::parse(STEWARD_POLICY).is_err(), "unfilled, the file is no policy");
}

proptest! {
    #[test]
    fn no_source_reads_another(
        mine in "[A-Za-z0-9_.-]{1,12}",
        theirs in "[A-Za-z0-9_.-]{1,12}",
        zone in "ingestion|staging|error|[a-z]{0,4}",
        rest in "[a-z0-9=/.#-]{0,20}",
    ) {
        let me = Context::new().principal_tag("read", &mine);
        let same = mine == theirs;
        let object = format!("{BUCKET}/{zone}/protocol=hl7v2/source={theirs}/{rest}");
        let tagged = me.clone().existing_object_tag("source", &theirs);
        prop_assert_eq!(allowed("s3:GetObject", &object, &tagged), same, "an object is read by its own source only");
        let prefix = me.clone().prefix(&format!("{zone}/protocol=hl7v2/source={theirs}/{rest}"));
        let zoned = crate::Zone::parse(&zone).is_some();
        prop_assert_eq!(allowed("s3:ListBucket", BUCKET, &prefix), same && zoned, "a prefix is listed by its own source only");
        let key = me.leading_keys([format!("{theirs}#{rest}")]);
        prop_assert_eq!(allowed("dynamodb:Query", TABLE, &key), same, "a partition is read by its own source only");
    }

    #[test]
    fn any_text_as_tag_reads_only_itself(tag in "\\PC{0,16}", theirs in "[A-Za-z0-9_.-]{1,12}") {
        prop_assume!(tag != theirs);
        let me = Context::new().principal_tag("read", &tag);
        let object = format!("{BUCKET}/x");
        prop_assert!(!allowed("s3:GetObject", &object, &me.clone().existing_object_tag("source", &theirs)), "by tag");
        let key = me.leading_keys([format!("{theirs}#x")]);
        prop_assert!(!allowed("dynamodb:GetItem", TABLE, &key), "by leading key");
    }

    #[test]
    fn any_document_is_read_or_refused(text in "\\PC{0,80}") {
        let refused = Policy::parse(&text).is_err() && Policy::parse(&one(&text)).is_err();
        prop_assert!(refused, "no noise is a policy, and none panics");
    }

    #[test]
    fn matching_agrees_with_its_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        fn reference(pattern: &[u8], text: &[u8]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((b'*', rest)) => (0..=text.len()).any(|taken| reference(rest, &text[taken..])),
                Some((one, rest)) => {
                    !text.is_empty() && (*one == b'?' || *one == text[0]) && reference(rest, &text[1..])
                }
            }
        }
        let read = Pattern::parse(&pattern, pattern::Wildcards::Match).unwrap();
        prop_assert_eq!(read.matches(&text, &Context::new()), reference(pattern.as_bytes(), text.as_bytes()));
    }
}
