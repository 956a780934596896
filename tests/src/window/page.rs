//! What the window shows, found by role and accessible name, and worked by key and pointer.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::components::SelectElement;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key, WebDriver, WebElement};

use super::wait::{LIMIT, until};

const FIND: &str = include_str!("find.js");

/// An accessible name, or what is known of it.
#[derive(Clone, Copy, Debug)]
pub enum Name<'a> {
    /// All of it.
    Is(&'a str),
    /// How it begins.
    Begins(&'a str),
    /// What is in it.
    Has(&'a str),
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Name::Is(name)
    }
}

/// The page in the window.
#[derive(Clone, Debug)]
pub struct Page {
    driver: WebDriver,
}

impl Page {
    pub(super) fn new(driver: WebDriver) -> Self {
        Self { driver }
    }

    /// Waits until something of that role and name is there.
    pub async fn see<'a>(&self, role: &str, name: impl Into<Name<'a>>) -> WebElement {
        self.see_within(LIMIT, role, name).await
    }

    /// Waits until something of that role and name is there, for as long as is said.
    pub async fn see_within<'a>(&self, limit: Duration, role: &str, name: impl Into<Name<'a>>) -> WebElement {
        let name = name.into();
        let what = format!("{role} {name:?}");
        until(&what, limit, async || self.all(role, name).await.into_iter().next()).await
    }

    /// Waits until a heading is there: that screen is shown.
    pub async fn screen(&self, heading: &str) {
        self.see("heading", heading).await;
    }

    /// Waits until the page's text has this.
    pub async fn reads(&self, text: &str) {
        self.reads_within(LIMIT, text).await;
    }

    /// Waits until the page's text has this, for as long as is said.
    pub async fn reads_within(&self, limit: Duration, text: &str) {
        let what = format!("the text `{text}`");
        until(&what, limit, async || self.text().await.contains(text).then_some(())).await;
    }

    /// Waits until the page's text does not have this any more.
    pub async fn reads_no_more(&self, text: &str) {
        let what = format!("no text `{text}` any more");
        until(&what, LIMIT, async || (!self.text().await.contains(text)).then_some(())).await;
    }

    /// Waits until nothing of that role and name is there any more.
    pub async fn gone<'a>(&self, role: &str, name: impl Into<Name<'a>>) {
        let name = name.into();
        let what = format!("no {role} {name:?} any more");
        until(&what, LIMIT, async || self.all(role, name).await.is_empty().then_some(())).await;
    }

    /// Whether something of that role and name is there now.
    pub async fn has<'a>(&self, role: &str, name: impl Into<Name<'a>>) -> bool {
        !self.all(role, name.into()).await.is_empty()
    }

    /// How many of that role and name are there now.
    pub async fn count<'a>(&self, role: &str, name: impl Into<Name<'a>>) -> usize {
        self.all(role, name.into()).await.len()
    }

    /// Presses a button with the pointer, once it is there and can be pressed.
    pub async fn press<'a>(&self, name: impl Into<Name<'a>>) {
        self.click("button", name).await;
    }

    /// Follows a link.
    pub async fn follow<'a>(&self, name: impl Into<Name<'a>>) {
        self.click("link", name).await;
    }

    /// Clicks something with the pointer, once it is there and can be clicked.
    pub async fn click<'a>(&self, role: &str, name: impl Into<Name<'a>>) {
        let name = name.into();
        let what = format!("{role} {name:?} that can be clicked");
        // It may be drawn anew, disabled or covered just now: then it is looked for again.
        until(&what, LIMIT, async || self.try_click(role, name).await).await;
    }

    /// Clicks something with the pointer if it is there and can be clicked now; `None` if not.
    pub async fn try_click<'a>(&self, role: &str, name: impl Into<Name<'a>>) -> Option<()> {
        let element = self.all(role, name.into()).await.into_iter().next()?;
        if !element.is_enabled().await.ok()? {
            return None;
        }
        // A row has no place of its own that WebDriver could point at; its cells have.
        let place = if role == "row" { element.find(By::Tag("td")).await.ok()? } else { element };
        place.click().await.ok()
    }

    /// Types into a field in place of what is in it.
    pub async fn fill_in<'a>(&self, role: &str, name: impl Into<Name<'a>>, text: &str) {
        let field = self.see(role, name).await;
        field.clear().await.expect("the field can be emptied");
        field.send_keys(text).await.expect("the field takes keys");
    }

    /// Chooses an entry of the platform's own list.
    pub async fn choose<'a>(&self, name: impl Into<Name<'a>>, entry: &str) {
        let list = self.see("combobox", name).await;
        let list = SelectElement::new(&list).await.expect("a list of the platform");
        list.select_by_exact_text(entry).await.expect("the entry is there");
    }

    /// Presses and releases keys, one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &[Key]) {
        for key in keys {
            self.chord(&[], key.clone()).await;
        }
    }

    /// Presses and releases the key of a letter or sign.
    pub async fn key(&self, sign: char) {
        self.chord(&[], sign).await;
    }

    /// Presses a key while others are held.
    pub async fn chord(&self, held: &[Key], key: impl Into<char>) {
        let key = key.into();
        let mut actions = self.driver.action_chain();
        for held in held {
            actions = actions.key_down(held.clone());
        }
        actions = actions.key_down(key).key_up(key);
        for held in held.iter().rev() {
            actions = actions.key_up(held.clone());
        }
        actions.perform().await.expect("the keys are pressed");
    }

    /// What has the focus: its role and name.
    pub async fn focused(&self) -> String {
        self.script(FIND, vec![json!({ "focused": true })]).await
    }

    /// All the text that the page shows.
    pub async fn text(&self) -> String {
        self.script("return document.body.innerText;", Vec::new()).await
    }

    /// Headings, buttons, messages and the like, one a line; no rows of tables and nothing typed.
    pub async fn outline(&self) -> Vec<String> {
        self.script(FIND, vec![json!({ "outline": true })]).await
    }

    /// Runs a script in the page, as nobody but WebDriver can.
    pub async fn script<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> T {
        let told = self.driver.execute(script, arguments).await.expect("the script runs in the page");
        told.convert().expect("what the script returns")
    }

    /// Runs a script that ends by calling its last argument.
    pub async fn script_that_calls_back<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> T {
        let told = self.driver.execute_async(script, arguments).await.expect("the script runs in the page");
        told.convert().expect("what the script hands over")
    }

    /// The window's title, as the page gives it.
    pub async fn title(&self) -> String {
        self.driver.title().await.expect("a title")
    }

    /// The page's address.
    pub async fn address(&self) -> String {
        self.driver.current_url().await.expect("an address").to_string()
    }

    /// All of that role and name, in the page's order.
    pub async fn all(&self, role: &str, name: Name<'_>) -> Vec<WebElement> {
        let (how, name) = match name {
            Name::Is(name) => ("exactly", name),
            Name::Begins(name) => ("beginning", name),
            Name::Has(name) => ("within", name),
        };
        let asked = json!({ "role": role, "how": how, "name": name });
        // A page that is being loaded has nothing yet.
        self.try_all(asked).await.unwrap_or_default()
    }

    async fn try_all(&self, asked: Value) -> WebDriverResult<Vec<WebElement>> {
        self.driver.execute(FIND, vec![asked]).await?.elements()
    }
}
