//! For everybody: every state by axe in both themes, the main path by keyboard alone, text at twice its size.

use lake_tests::window::tour::{self, Theme};
use lake_tests::window::{Computer, LIMIT, Name, Page, Setup, Size, journey, until};
use thirtyfour::Key;

use crate::session::menu;

#[tokio::test]
async fn the_main_states_are_without_fault_in_both_themes() {
    without_fault(tour::MAIN_PATH).await;
}

#[tokio::test]
#[ignore = "takes longer: cargo xtask prove window"]
async fn every_other_state_is_without_fault_in_both_themes() {
    for part in tour::OTHER_PARTS {
        without_fault(*part).await;
    }
}

#[tokio::test]
#[ignore = "takes minutes: cargo xtask prove window"]
async fn states_that_come_late_are_without_fault_in_both_themes() {
    for part in tour::LONG_PARTS {
        without_fault(*part).await;
    }
}

async fn without_fault(part: tour::Part) {
    let mut faults = Vec::new();
    tour::go(part, Size::USUAL, &mut async |computer: &Computer, state: tour::State| {
        let page = computer.page();
        for theme in [Theme::Light, Theme::Dark] {
            theme.put_on(&page).await;
            for fault in page.faults().await {
                faults.push(format!("{} ({theme:?}): {fault:?}", state.name));
            }
        }
        Theme::AsChosen.put_on(&page).await;
    })
    .await;
    assert!(faults.is_empty(), "axe finds nothing wrong:\n{}", faults.join("\n"));
}

#[tokio::test]
async fn the_main_path_goes_by_keyboard_alone() {
    journey("keyboard alone", Setup::default(), async |computer| {
        let page = computer.start_desktop().await;
        page.screen("Welcome to Lake Steward").await;
        enter(&page, "button \"Practise on this computer\"").await;
        page.screen("Sign in to the practice lake").await;
        {
            let _turn = lake_tests::robot::turn().await;
            enter(&page, "button \"Sign in\"").await;
            let address = computer.browser.next_address().await;
            computer.browser.sign_in(address, "admin").await;
        }
        page.screen("Today").await;
        enter(&page, "button \"Try it with sample files\"").await;
        page.screen("Send 11 messages?").await;
        enter(&page, "button \"Send\"").await;
        page.screen("Finished").await;
        // Into the table, down its rows, into the details and out again.
        tab_to(&page, "row").await;
        page.keys(&[Key::Down, Key::Down]).await;
        page.see("complementary", "Details").await;
        assert!(page.focused().await.starts_with("row"), "the focus stays in the table");
        page.keys(&[Key::End]).await;
        until("the last row has the focus", LIMIT, async || {
            page.focused().await.contains("7 damaged header.hl7").then_some(())
        })
        .await;
        page.keys(&[Key::Escape]).await;
        page.gone("complementary", "Details").await;
        // The screens by their keys.
        for (key, heading) in [('1', "Today"), ('2', "Submit"), ('3', "Messages"), ('4', "Settings")] {
            page.chord(&[Key::Control], key).await;
            page.screen(heading).await;
        }
        page.see("heading", "Lakes on this computer").await;
        page.chord(&[Key::Control], '/').await;
        page.see("dialog", "Keyboard shortcuts").await;
        until("the focus is in the dialog", LIMIT, async || {
            page.focused().await.contains("Close").then_some(())
        })
        .await;
        page.keys(&[Key::Escape]).await;
        page.gone("dialog", "Keyboard shortcuts").await;
        menu_by_keys(&page).await;
        page.screen("Locked").await;
    })
    .await;
}

/// Opens the menu of the banner and locks, all by keys.
async fn menu_by_keys(page: &Page) {
    tab_to(page, "button \"admin@example.com").await;
    page.keys(&[Key::Enter]).await;
    page.see("menuitem", Name::Begins("Lock now")).await;
    for _ in 0..8 {
        if page.focused().await.starts_with("menuitem \"Lock now") {
            page.keys(&[Key::Enter]).await;
            return;
        }
        page.keys(&[Key::Down]).await;
    }
    panic!("the keys reach `Lock now`; the focus is on {}", page.focused().await);
}

/// Goes to something by Tab and presses Enter there.
async fn enter(page: &Page, what: &str) {
    tab_to(page, what).await;
    page.keys(&[Key::Enter]).await;
}

/// Goes to something by Tab; the focus can be seen at each step.
async fn tab_to(page: &Page, what: &str) {
    let mut met = Vec::new();
    for _ in 0..60 {
        let focused = page.focused().await;
        if focused.starts_with(what) {
            return;
        }
        page.keys(&[Key::Tab]).await;
        let focused = page.focused().await;
        if !focused.is_empty() {
            assert!(focus_shows(page).await, "the focus shows on {focused}");
        }
        met.push(focused);
    }
    panic!("Tab leads to {what}; it led to {met:?}");
}

/// Whether what has the focus, or what stands around it, is marked.
async fn focus_shows(page: &Page) -> bool {
    page.script(
        "for (let e = document.activeElement; e && e !== document.body; e = e.parentElement) {
           const style = getComputedStyle(e);
           if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) return true;
           if (style.boxShadow !== 'none') return true;
         }
         return false;",
        Vec::new(),
    )
    .await
}

#[tokio::test]
async fn text_at_twice_its_size_fits_a_small_window() {
    let setup = Setup { size: Size::SMALL, ..Setup::default() };
    journey("text at 200 %", setup, async |computer| {
        let page = computer.begin("admin").await;
        page.press("Try it with sample files").await;
        page.screen("Send 11 messages?").await;
        page.follow("Settings").await;
        page.click("tab", Name::Begins("This computer")).await;
        let usual = text_size(&page).await;
        page.choose("Size of text", "200 %").await;
        // Before that nothing has its place, and what is clicked may have moved away under the pointer.
        until("text of twice the size", LIMIT, async || {
            (text_size(&page).await >= usual * 1.9).then_some(())
        })
        .await;
        fits(&page, "Settings").await;
        page.follow(Name::Begins("Submit")).await;
        page.screen("Submit").await;
        fits(&page, "Submit").await;
        page.click("row", Name::Has("Ready to send")).await;
        page.keys(&[Key::Enter]).await;
        page.screen("Send 11 messages?").await;
        fits(&page, "the review").await;
        page.press("Send").await;
        page.screen("Finished").await;
        fits(&page, "the submission").await;
        for screen in ["Today", "Messages"] {
            page.follow(screen).await;
            page.screen(screen).await;
            fits(&page, screen).await;
        }
        menu(&page, "admin@example.com", "Lock now").await;
        page.screen("Locked").await;
        fits(&page, "the locked screen").await;
    })
    .await;
}

async fn text_size(page: &Page) -> f64 {
    page.script("return parseFloat(getComputedStyle(document.documentElement).fontSize);", Vec::new()).await
}

/// Nothing is beyond the window's sides, and no word of a button is cut off.
async fn fits(page: &Page, screen: &str) {
    let wide: Vec<String> = page
        .script(
            "const wide = [];
             if (document.documentElement.scrollWidth > innerWidth + 1) wide.push('the page itself');
             const main = document.querySelector('main');
             if (main && main.scrollWidth > main.clientWidth + 1) wide.push('the screen');
             for (const e of document.querySelectorAll('button, a[href], h1, h2, select, input')) {
               const box = e.getBoundingClientRect();
               if (box.width === 0 || e.closest('table, .scroller') || !e.checkVisibility()) continue;
               if (box.left < -1 || box.right > innerWidth + 1) wide.push(e.textContent.trim() + ' is beyond the side');
               if (e.tagName === 'BUTTON' && e.scrollWidth > e.clientWidth + 1) wide.push(e.textContent.trim() + ' is cut off');
             }
             return wide;",
            Vec::new(),
        )
        .await;
    assert!(wide.is_empty(), "{screen} fits: {wide:?}");
}
