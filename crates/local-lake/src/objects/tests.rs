use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use super::*;
use crate::database::FILE_NAME;

/// A clock that moves a second with each look.
struct Steps(AtomicI64);

impl Clock for Steps {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

struct Fixture {
    folder: TempDir,
    objects: Objects,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let objects = open(folder.path()).await;
    objects.ensure_bucket("lake").await.unwrap();
    Fixture { folder, objects }
}

async fn open(folder: &Path) -> Objects {
    let database = Database::open(&folder.join(FILE_NAME), &[SCHEMA]).unwrap();
    Objects::open(database, &folder.join("objects"), Arc::new(Steps(AtomicI64::new(0)))).await.unwrap()
}

fn target(key: &str) -> Target {
    Target { bucket: "lake".to_owned(), key: key.to_owned(), ..Target::default() }
}

fn at(key: &str) -> Address<'_> {
    Address { bucket: "lake", key, version: None }
}

async fn put(objects: &Objects, key: &str, bytes: &[u8]) -> Object {
    let content = objects.content(bytes.to_vec()).await.unwrap();
    objects.put(target(key), content).await.unwrap()
}

async fn read(objects: &Objects, address: Address<'_>) -> Vec<u8> {
    let (_, body) = objects.get(address).await.unwrap();
    body.into_bytes().await.unwrap().into()
}

fn files_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn an_object_comes_back_with_all_that_was_said_of_it() {
    let Fixture { objects, folder } = fixture().await;
    let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let new = Target {
        content_type: Some("application/hl7-v2".to_owned()),
        metadata: map("origin", "ünit ; test"),
        tags: map("source", "my_hospital_123"),
        ..target("a key")
    };
    let content = objects.content(b"hello world".to_vec()).await.unwrap();
    let written = objects.put(new, content).await.unwrap();
    assert_eq!(written.etag, "5eb63bbbe01eeed093cb22bb8f5acdc3", "the ETag is the MD5, as S3 clients expect");
    assert_eq!(
        objects.head(at("a key")).await,
        Ok(written.clone()),
        "what is known of it is what was written"
    );
    assert_eq!(read(&objects, at("a key")).await, b"hello world", "and so are its bytes");
    drop(objects);
    let again = open(folder.path()).await;
    assert_eq!(again.head(at("a key")).await, Ok(written), "after a restart too");
    assert_eq!(again.buckets().await.unwrap().len(), 1, "with its bucket");
}

#[tokio::test]
async fn bodies_of_any_size_are_read_whole_and_in_ranges() {
    let Fixture { objects, folder } = fixture().await;
    for size in [0, 1, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n: usize| (n % 251).to_le_bytes()[0]).collect();
        let mut incoming = objects.receive();
        for chunk in bytes.chunks(10_000) {
            incoming.write(chunk).await.unwrap();
        }
        let streamed = incoming.finish().await.unwrap();
        let whole = objects.content(bytes.clone()).await.unwrap();
        assert_eq!(streamed.sha256(), whole.sha256(), "a stream of {size} bytes has the digest of the whole");
        assert_eq!(streamed.md5(), whole.md5(), "and its MD5");
        let key = size.to_string();
        let object = objects.put(target(&key), streamed).await.unwrap();
        assert_eq!(read(&objects, at(&key)).await, bytes, "{size} bytes come back");
        for range in [0..size, size / 3..size / 2, size.saturating_sub(1)..size, size..size] {
            let wanted = range.start as u64..range.end as u64;
            let body = objects.open_body(&object, wanted).await.unwrap();
            assert_eq!(body.length(), range.len() as u64, "the length of a range is known");
            assert_eq!(body.into_bytes().await.unwrap(), bytes[range], "a range has its bytes");
        }
        let beyond = objects.open_body(&object, 0..u64::MAX).await.unwrap();
        assert_eq!(beyond.length(), size as u64, "a range beyond the end is cut");
    }
    assert_eq!(files_in(&folder.path().join("objects")), 2, "only the bodies beyond 64 KiB are files");
}

#[tokio::test]
async fn a_copy_costs_a_row_and_equal_bodies_are_stored_once() {
    let Fixture { objects, folder } = fixture().await;
    put(&objects, "first", &[1; 200_000]).await;
    put(&objects, "second", &[1; 200_000]).await;
    objects.copy(at("first"), target("third")).await.unwrap();
    assert_eq!(files_in(&folder.path().join("objects")), 1, "three objects share one file");
    assert_eq!(read(&objects, at("third")).await, [1; 200_000], "and have its bytes");
    let absent = objects.copy(at("nothing"), target("fourth")).await;
    assert_eq!(absent, Err(ObjectError::NoKey), "what is not there is not copied");
}

#[tokio::test]
async fn conditions_are_kept() {
    let Fixture { objects, .. } = fixture().await;
    let first = put(&objects, "key", b"first").await;
    let write = async |condition, bytes: &'static [u8]| {
        let content = objects.content(bytes).await.unwrap();
        objects.put(Target { condition, ..target("key") }, content).await
    };
    let failed = Err(ObjectError::ConditionFailed);
    assert_eq!(write(Condition::IfAbsent, b"x").await, failed, "the key is taken");
    assert_eq!(write(Condition::IfMatch("0".repeat(32)), b"x").await, failed, "another ETag");
    let second = write(Condition::IfMatch(first.etag), b"second").await.unwrap();
    assert!(second.version_id > first.version_id, "a later version has a larger id");
    objects.delete("lake", "key").await.unwrap();
    assert_eq!(write(Condition::IfMatch(second.etag), b"x").await, failed, "nothing is there to match");
    assert!(write(Condition::IfAbsent, b"third").await.is_ok(), "a deleted key is free");
    let content = objects.content("x").await.unwrap();
    let (there, outcome) = objects.put_if_absent(target("key"), content).await.unwrap();
    assert_eq!((there.size, outcome), (5, PutOutcome::Existed), "told of what is there");
}

#[tokio::test]
async fn versions_tags_and_delete_markers() {
    let Fixture { objects, .. } = fixture().await;
    let first = put(&objects, "key", b"1").await;
    let second = put(&objects, "key", b"22").await;
    let tags = BTreeMap::from([("source".to_owned(), "a".to_owned())]);
    let old = Address { version: Some(first.version_id), ..at("key") };
    objects.set_tags(old, tags.clone()).await.unwrap();
    assert_eq!(objects.head(old).await.unwrap().tags, tags, "the version has its tags");
    assert!(objects.head(at("key")).await.unwrap().tags.is_empty(), "the newest has its own");
    let marker = objects.delete("lake", "key").await.unwrap();
    let gone = objects.head(at("key")).await;
    assert!(
        matches!(gone, Err(ObjectError::DeleteMarker { version_id, latest: Latest::Newest, .. }) if version_id == marker),
        "a deleted object is told as such: {gone:?}"
    );
    assert_eq!(read(&objects, old).await, b"1", "its versions are still there");
    let listed = objects.list_versions(Query { limit: 10, ..all("") }, None).await.unwrap();
    let versions: Vec<_> =
        listed.versions.iter().map(|v| (v.version_id, v.latest, v.object.is_some())).collect();
    let expected = [
        (marker, Latest::Newest, false),
        (second.version_id, Latest::Older, true),
        (first.version_id, Latest::Older, true),
    ];
    assert_eq!(versions, expected, "newest first, the marker among them");
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = objects.list_versions(Query { limit: 1, ..all("") }, after).await.unwrap();
        pages.extend(page.versions.into_iter().map(|v| (v.version_id, v.latest, v.object.is_some())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, expected, "the same in pages of one");
    assert_eq!(objects.list(all("")).await.unwrap(), Listing::default(), "a deleted object is not listed");
    objects.delete_version("lake", "key", marker).await.unwrap();
    assert_eq!(read(&objects, at("key")).await, b"22", "without its marker the object is back");
    let text = first.version_id.to_string();
    assert_eq!(VersionId::parse(&text), Some(first.version_id), "a version is read back from its text");
    for foreign in ["", "null", "1", "-000000000000001", "zz"] {
        assert_eq!(VersionId::parse(foreign), None, "{foreign:?} is no version of ours");
    }
    let unknown = Address { version: VersionId::parse("0000000000000001"), ..at("key") };
    assert_eq!(objects.head(unknown).await, Err(ObjectError::NoVersion), "an unknown version");
}

#[tokio::test]
async fn keys_may_be_anything() {
    let Fixture { objects, .. } = fixture().await;
    let long = "é".repeat(KEY_BYTES / 2);
    let keys = ["a", "a/b", "a/", "/", "//", ".", "..", "a\u{0}b", "ü", "\u{10ffff}", "%00", "a b", &long];
    for key in keys {
        put(&objects, key, key.as_bytes()).await;
    }
    for key in keys {
        assert_eq!(read(&objects, at(key)).await, key.as_bytes(), "{key:?} is a key like any other");
    }
    let mut sorted = keys.map(str::to_owned);
    sorted.sort();
    assert_eq!(list_all(&objects, all(""), 3).await.0, sorted, "listed in the order of their bytes");
    let content = objects.content("").await.unwrap();
    let refused = objects.put(target(&format!("{long}x")), content).await;
    assert_eq!(refused, Err(ObjectError::BadKey), "1,025 bytes are too many");
    assert_eq!(objects.head(at("b")).await, Err(ObjectError::NoKey), "an absent key");
    let bucket = Address { bucket: "other", ..at("a") };
    assert_eq!(
        objects.head(bucket).await,
        Err(ObjectError::NoBucket("other".to_owned())),
        "an absent bucket"
    );
}

#[tokio::test]
async fn lists_group_by_delimiter_in_pages_of_any_size() {
    let Fixture { objects, .. } = fixture().await;
    let keys = ["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "b/2", "c", "d/x"];
    for key in keys {
        put(&objects, key, b"x").await;
        put(&objects, key, b"newer").await;
    }
    objects.delete("lake", "d/x").await.unwrap();
    let slash = |prefix: &str| Query { delimiter: Some("/".to_owned()), ..all(prefix) };
    let cases: [(Query, &[&str], &[&str]); 6] = [
        (all(""), &["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "b/2", "c"], &[]),
        (slash(""), &["a", "a0", "c"], &["a/", "b/"]),
        (slash("a/"), &["a/1", "a/2"], &["a/b/"]),
        (slash("a"), &["a", "a0"], &["a/"]),
        (all("a/"), &["a/1", "a/2", "a/b/3"], &[]),
        (slash("x"), &[], &[]),
    ];
    for (query, keys, groups) in cases {
        for size in [1, 2, 3, 1000] {
            let (listed, grouped) = list_all(&objects, query.clone(), size).await;
            assert_eq!(listed, keys, "keys of {query:?} in pages of {size}");
            assert_eq!(grouped, groups, "groups of {query:?} in pages of {size}");
        }
    }
    let after = Query { after: Some(Position::Key("a/1".to_owned())), ..slash("") };
    let page = objects.list(after).await.unwrap();
    assert_eq!(page.groups, ["a/", "b/"], "a group with keys behind the start is listed");
    let after = Query { after: Some(Position::Group("a/".to_owned())), ..slash("") };
    assert_eq!(objects.list(after).await.unwrap().groups, ["b/"], "a group that was listed is not again");
    assert_eq!(objects.list(Query { limit: 0, ..all("") }).await.unwrap(), Listing::default(), "none wanted");
}

#[tokio::test]
async fn a_hundred_thousand_keys_under_one_prefix_are_listed_quickly() {
    const KEYS: i64 = 100_000;
    let Fixture { objects, .. } = fixture().await;
    put(&objects, "m", b"one content for all").await;
    put(&objects, "z", b"behind them").await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) \
        INSERT INTO object (bucket, key, version, modified_at, content, size, md5, sha256) \
        SELECT bucket, CAST(printf('n/%08d', i) AS BLOB), version, modified_at, content, size, md5, sha256 \
        FROM n, object WHERE key = CAST('m' AS BLOB)";
    objects.database.write(move |connection| connection.execute(many, [KEYS])).await.unwrap();
    let begun = Instant::now();
    assert_eq!(list_all(&objects, all(""), 1000).await.0.len(), 100_002, "all are listed, page by page");
    let whole = begun.elapsed();
    let begun = Instant::now();
    let top = objects.list(Query { delimiter: Some("/".to_owned()), ..all("") }).await.unwrap();
    let group = begun.elapsed();
    let keys: Vec<_> = top.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!((keys, top.groups), (vec!["m", "z"], vec!["n/".to_owned()]), "one group stands for all");
    assert!(group < whole / 10, "a group is passed over without reading it: {group:?}, all of it {whole:?}");
    let begun = Instant::now();
    let after = Some(Position::Key("n/00098999".to_owned()));
    let page = objects.list(Query { delimiter: Some("/".to_owned()), after, ..all("n/") }).await.unwrap();
    let late = begun.elapsed();
    assert_eq!((page.objects.len(), page.next), (1000, None), "the last page is full and the last");
    assert!(
        late < whole / 10,
        "a late page costs no more than an early one: {late:?}, all of them {whole:?}"
    );
}

#[tokio::test]
async fn what_is_old_expires_and_what_is_new_stays() {
    let Fixture { objects, .. } = fixture().await;
    objects.ensure_bucket("other").await.unwrap();
    for n in 0..5 {
        put(&objects, &format!("old/{n}"), &[n; 10]).await;
    }
    let elsewhere = Target { bucket: "other".to_owned(), ..target("copy") };
    objects.copy(at("old/1"), elsewhere).await.unwrap();
    let first_new = put(&objects, "a/new", b"new").await;
    put(&objects, "z/new", b"new").await;
    assert_eq!(objects.expire("lake", first_new.modified_at).await, Ok(5), "all that is older goes");
    let left = list_all(&objects, all(""), 10).await.0;
    assert_eq!(left, ["a/new", "z/new"], "what is not older stays");
    let copy = Address { bucket: "other", key: "copy", version: None };
    assert_eq!(read(&objects, copy).await, [1; 10], "and so does what was copied to another bucket");
    assert_eq!(objects.expire("lake", first_new.modified_at).await, Ok(0), "once is enough");
}

#[tokio::test]
async fn unfinished_files_are_swept_and_damage_is_told() {
    let Fixture { objects, folder } = fixture().await;
    let unfinished = folder.path().join("objects").join(content::UNFINISHED);
    fs::write(unfinished.join("left"), b"by a crash").unwrap();
    let mut incoming = objects.receive();
    incoming.write(&[1; 100_000]).await.unwrap();
    assert_eq!(files_in(&unfinished), 2, "a large body is on its way");
    drop(incoming);
    assert_eq!(files_in(&unfinished), 1, "given up, it leaves nothing");
    let object = put(&objects, "large", &[2; 100_000]).await;
    drop(objects);
    let objects = open(folder.path()).await;
    assert_eq!(files_in(&unfinished), 0, "what a crash left is swept at the next start");
    let path = content::path_of(&folder.path().join("objects"), &object.sha256);
    let file = objects.open_body(&object, 10..20).await.unwrap();
    let Body::File { mut file, length: 10 } = file else { panic!("a large body is a file: {file:?}") };
    let mut bytes = [0; 10];
    file.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, [2; 10], "the file stands at the range");
    fs::write(&path, b"cut").unwrap();
    let cut = objects.open_body(&object, 0..10).await;
    assert!(matches!(cut, Err(Fault::Damaged { .. })), "a file of another size is damage: {cut:?}");
    fs::remove_file(&path).unwrap();
    let gone = objects.open_body(&object, 0..10).await;
    assert!(matches!(gone, Err(Fault::Damaged { .. })), "and so is one that is gone: {gone:?}");
    put(&objects, "again", &[2; 100_000]).await;
    assert_eq!(read(&objects, at("large")).await, [2; 100_000], "stored again, it is whole again");
}

fn all(prefix: &str) -> Query {
    Query { bucket: "lake".to_owned(), prefix: prefix.to_owned(), limit: 1000, ..Query::default() }
}

/// Everything, in pages of this size, through tokens as clients hold them.
async fn list_all(objects: &Objects, mut query: Query, size: usize) -> (Vec<String>, Vec<String>) {
    query.limit = size;
    let (mut keys, mut groups) = (Vec::new(), Vec::new());
    loop {
        let page = objects.list(query.clone()).await.unwrap();
        assert!(page.objects.len() + page.groups.len() <= size, "a page is no larger than asked for");
        keys.extend(page.objects.into_iter().map(|object| object.key));
        groups.extend(page.groups);
        let Some(next) = page.next else { return (keys, groups) };
        query.after = Position::parse(&next.token());
        assert_eq!(query.after, Some(next), "a token is read back");
    }
}
