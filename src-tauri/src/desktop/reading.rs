//! Reading the lake: Today, lists of messages, the history of one.

use std::sync::Arc;

use ::lake::{Head, MessageId, State};
use desk::browse::{DayRange, EventKind, HeadFilter, cause_in_words};
use desk::messages::{self, MessageList, Which};
use desk::today::{self, Coverage, Day, Sender, Today};
use jiff::civil::Date;

use super::submitting::count;
use super::{Desktop, LISTS, keep};
use crate::view::{
    Changed, HistoryStep, MessageHistory, MessagePage, MessageRow, MessageWhich, NextStep, Problem,
    QuietSender, SenderToday, StatusView, StepKind, TodayView,
};

/// Messages that are handed out at a time.
pub(super) const PAGE: usize = 200;

impl Desktop {
    /// Counts today.
    pub(crate) async fn today(&self) -> Result<TodayView, Problem> {
        let account = self.account()?;
        let told = |progress: today::TodayProgress| {
            self.window.tell(Changed::TodayCounted { messages: count(progress.read) });
        };
        let last = self.state().last_today.clone();
        let counted = match last {
            Some(last) => today::again(&account, &last, Day::Now, told).await,
            None => today::count(&account, Day::Now, told).await,
        };
        let counted = Arc::new(counted.map_err(|problem| self.failed(&account, problem))?);
        self.is_still(&account)?;
        self.state().last_today = Some(Arc::clone(&counted));
        Ok(view(&counted))
    }

    /// Opens a list of messages.
    pub(crate) async fn open_messages(
        &self,
        which: MessageWhich,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<MessagePage, Problem> {
        let account = self.account()?;
        let which = chosen(which, DayRange { from: day(from)?, to: day(to)? });
        let list =
            MessageList::open(&account, which).await.map_err(|problem| self.failed(&account, problem))?;
        self.is_still(&account)?;
        let id = {
            let mut state = self.state();
            let id = state.next_id();
            keep(&mut state.lists, id, Arc::new(tokio::sync::Mutex::new(list)), LISTS);
            id
        };
        self.more_messages(id).await
    }

    /// More of an open list.
    pub(crate) async fn more_messages(&self, list: u32) -> Result<MessagePage, Problem> {
        let account = self.account()?;
        let open = self.state().lists.get(&list).cloned().ok_or_else(|| Problem::gone("list"))?;
        let mut open = open.lock().await;
        let heads = open.next(PAGE).await.map_err(|problem| self.failed(&account, problem))?;
        self.is_still(&account)?;
        Ok(MessagePage {
            list,
            rows: heads.iter().map(row).collect(),
            looked_at: count(open.looked_at()),
            done: open.is_done(),
        })
    }

    /// Closes a list.
    pub(crate) async fn close_messages(&self, list: u32) -> Result<(), Problem> {
        self.state().lists.remove(&list);
        Ok(())
    }

    /// What happened to one message.
    pub(crate) async fn history(&self, message_id: String) -> Result<MessageHistory, Problem> {
        let account = self.account()?;
        let unknown = || {
            Problem::new(
                "no-such-message",
                "Your institution's part of the lake has no such message",
                "It may have been received a moment ago and not be on record yet.",
                "Try again in a moment.",
                NextStep::TryAgain,
            )
        };
        let id = MessageId::parse(&message_id).map_err(|_| unknown())?;
        let trace = messages::trace(&account, id).await.map_err(|problem| self.failed(&account, problem))?;
        self.is_still(&account)?;
        let trace = trace.ok_or_else(unknown)?;
        Ok(MessageHistory {
            message: row(&trace.head),
            fingerprint: trace.head.digest.to_string(),
            steps: trace
                .events
                .into_iter()
                .map(|event| HistoryStep {
                    at: event.at.to_string(),
                    kind: step(event.kind),
                    what: event.sentence,
                    other: event.other.map(|other| other.to_string()),
                })
                .collect(),
        })
    }
}

fn view(today: &Today) -> TodayView {
    let received = &today.received;
    let named = today.senders.named.iter().map(|from| SenderToday {
        sender: sender(&from.sender),
        messages: count(from.messages.total),
        ready: count(from.messages.ready),
        attention: count(from.messages.attention + from.messages.stuck),
        last_at: Some(from.last_received.to_string()),
    });
    let others = &today.senders.others;
    let others = (others.total > 0).then(|| SenderToday {
        sender: "Further sending systems".to_owned(),
        messages: count(others.total),
        ready: count(others.ready),
        attention: count(others.attention + others.stuck),
        last_at: None,
    });
    TodayView {
        institution: today.institution.to_string(),
        day: today.window.day.to_string(),
        from: today.window.from.to_string(),
        to: today.window.until.to_string(),
        received: count(received.total),
        ready: count(received.ready),
        attention: count(received.attention),
        stuck: count(received.stuck),
        on_the_way: count(received.on_the_way),
        set_aside: count(received.set_aside),
        replaced: count(received.replaced),
        more: today.coverage != Coverage::All,
        open_attention: count(today.open.attention),
        open_stuck: count(today.open.stuck),
        open_more: today.open.coverage != Coverage::All,
        senders: named.chain(others).collect(),
        quiet: today
            .silent
            .iter()
            .map(|silent| QuietSender {
                sender: sender(&silent.sender),
                last_at: silent.last_received.to_string(),
                usual: count(silent.usual_a_day),
                days_heard: u32::from(silent.days_heard),
                expected_by_now: count(silent.expected_by_now),
            })
            .collect(),
        counted_at: today.counted_at.to_string(),
    }
}

fn sender(sender: &Sender) -> String {
    named(sender.application.as_deref(), sender.facility.as_deref())
}

/// MSH-3 and MSH-4 as one name.
fn named(application: Option<&str>, facility: Option<&str>) -> String {
    match (application, facility) {
        (Some(application), Some(facility)) => format!("{application} / {facility}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "No sender named".to_owned(),
    }
}

fn chosen(which: MessageWhich, days: DayRange) -> Which {
    let of = |state| Which::Days { days, filter: HeadFilter { state, ..HeadFilter::default() } };
    match which {
        MessageWhich::All => of(None),
        MessageWhich::Received => of(Some(State::Received)),
        MessageWhich::Ready => of(Some(State::Ready)),
        MessageWhich::Attention => of(Some(State::Attention)),
        MessageWhich::Stuck => of(Some(State::Stuck)),
        MessageWhich::SetAside => of(Some(State::SetAside)),
        MessageWhich::Replaced => of(Some(State::Replaced)),
        MessageWhich::Open => Which::Open { filter: HeadFilter::default() },
    }
}

fn day(given: Option<String>) -> Result<Option<Date>, Problem> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    given.parse().map(Some).map_err(|_| {
        Problem::new(
            "no-day",
            "That is no day",
            "A day is written as year, month and day.",
            "Choose the day anew.",
            NextStep::Nothing,
        )
    })
}

fn row(head: &Head) -> MessageRow {
    let kind = [head.message_type.as_deref(), head.trigger_event.as_deref()];
    MessageRow {
        message_id: head.message_id.to_string(),
        received_at: head.received_at.to_string(),
        status: status(head.state),
        message_type: kind.into_iter().flatten().collect::<Vec<_>>().join("^"),
        sender: named(head.sending_application.as_deref(), head.sending_facility.as_deref()),
        control_id: head.control_id.clone().unwrap_or_default(),
        bytes: count(head.size),
        why: match head.state {
            State::Attention | State::Stuck => cause_in_words(head),
            _ => String::new(),
        },
    }
}

fn status(state: State) -> StatusView {
    match state {
        State::Received => StatusView::Received,
        State::Ready => StatusView::Ready,
        State::Attention => StatusView::Attention,
        State::Stuck => StatusView::Stuck,
        State::SetAside => StatusView::SetAside,
        State::Replaced => StatusView::Replaced,
    }
}

fn step(kind: EventKind) -> StepKind {
    match kind {
        EventKind::Received => StepKind::Received,
        EventKind::Ready => StepKind::Ready,
        EventKind::Attention => StepKind::Attention,
        EventKind::Stuck => StepKind::Stuck,
        EventKind::SetAside => StepKind::SetAside,
        EventKind::TriedAgain => StepKind::Asked,
        EventKind::FixSent | EventKind::Replaced => StepKind::Fix,
        EventKind::Remark => StepKind::Other,
    }
}
