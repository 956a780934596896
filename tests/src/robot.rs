//! A browser without a window: follows a sign-in from the address that a program shows to the page that it ends on.
//!
//! For tests: what goes wrong here ends them, by a panic that says what was expected.

#![expect(clippy::expect_used, reason = "this is test code in a library")]

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use url::Url;

/// The sample users' password in these tests.
pub const PASSWORD: &str = "correct horse battery";

/// The registered ports are three for the whole computer: one sign-in of these tests at a time, whatever process.
pub async fn turn() -> File {
    let path = std::env::temp_dir().join("lake-steward-tests-sign-in.lock");
    tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).truncate(false).write(true).open(path).expect("a lock file");
        file.lock().expect("the turn comes");
        file
    })
    .await
    .expect("the wait ends")
}

/// Signs in at a login form; what the last page says.
pub async fn sign_in(address: &Url, user: &str) -> String {
    let mut browser = Browser::new();
    let page = browser.open(address.clone()).await;
    browser.fill_in(page, &[("username", user), ("password", PASSWORD)]).await.text
}

/// Waits for the next second: tokens that were issued within one can be equal.
pub async fn next_second() {
    let second = jiff::Timestamp::now().as_second();
    while jiff::Timestamp::now().as_second() == second {
        tokio::time::sleep(Duration::from_millis(20)).await; // between two looks
    }
}

/// One window with its cookies.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What the window shows.
#[derive(Debug)]
pub struct Page {
    address: Url,
    /// Its HTML.
    pub text: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A window without cookies.
    pub fn new() -> Self {
        Self { http: client(), cookies: BTreeMap::new() }
    }

    /// Opens an address.
    pub async fn open(&mut self, address: Url) -> Page {
        let request = self.http.get(address.clone());
        self.go(address, request).await
    }

    /// Sends the form of a page with what is typed into it.
    pub async fn fill_in(&mut self, page: Page, typed: &[(&str, &str)]) -> Page {
        let form = page.text.split("<form").nth(1).expect("a form");
        let target =
            page.address.join(&attribute(form, "action").expect("it goes somewhere")).expect("a URL");
        let mut fields = hidden_fields(form);
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = self.http.post(target.clone()).form(&fields);
        self.go(target, request).await
    }

    /// Sends, then follows redirects by GET, with the cookies of all.
    async fn go(&mut self, mut address: Url, mut request: RequestBuilder) -> Page {
        loop {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = request.header("cookie", cookies.join("; ")).send().await.expect("the page answers");
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').expect("a cookie");
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = answer.headers().get("location") else {
                return Page { address, text: answer.text().await.expect("a page") };
            };
            address = address.join(location.to_str().expect("text")).expect("a URL");
            request = self.http.get(address.clone());
        }
    }
}

/// A browser's HTTP: no proxy; redirects are ours to follow.
pub fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // A server may close a kept connection just as the next request goes out.
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client")
}

fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.split("<input")
        .skip(1)
        .filter_map(|input| input.split('>').next())
        .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&amp;", "&").replace("&#38;", "&").replace("&quot;", "\"").replace("&#34;", "\""))
}
