//! What every ledger does, whatever it stands on. Each check works in institutions of its own, named after `run`; two
//! runs on one ledger need two names.

use futures::future::join_all;
use lake::{Claimed, KnownState, Ledger, LedgerRecord, MessageId, NewClaim, Replaces, SettledMessage};

use super::samples::{at, claim, digest, id, settled, source};

/// Runs all checks, one after the other.
pub async fn suite(ledger: &impl Ledger, run: &str) {
    of_many_claims_at_once_one_wins(ledger, run).await;
    a_live_claim_holds_others_off(ledger, run).await;
    the_same_claimant_may_ask_again(ledger, run).await;
    an_expired_claim_is_taken_over_with_id_and_time(ledger, run).await;
    only_the_owner_settles(ledger, run).await;
    settling_twice_is_settling_once(ledger, run).await;
    a_released_claim_is_free_at_once(ledger, run).await;
    a_settled_claim_is_not_released(ledger, run).await;
    known_answers_in_the_order_asked(ledger, run).await;
    a_message_is_found_by_its_id(ledger, run).await;
    every_attempt_is_minted_once(ledger, run).await;
    institutions_never_meet(ledger, run).await;
}

/// N equal claims at once: one is first, the others see it pending.
pub async fn of_many_claims_at_once_one_wins(ledger: &impl Ledger, run: &str) {
    let source = source(run, "one-wins");
    for round in 0..10 {
        let text = format!("round {round}");
        let claims: Vec<_> = (1..=64).map(|claimant| claim(&source, &text, claimant, 0)).collect();
        let answers = join_all(claims.iter().map(|claim| ledger.claim(claim))).await;
        let (mut mine, mut pending) = (0, 0);
        for answer in answers {
            match answer.expect("a claim is answered") {
                Claimed::Mine { .. } => mine += 1,
                Claimed::Pending { lease_until } => {
                    pending += 1;
                    assert_eq!(lease_until, at(60), "the others learn when the winner's lease ends");
                }
                Claimed::Settled(_) => unreachable!("nobody has settled"),
            }
        }
        assert_eq!((mine, pending), (1, 63), "exactly one of equal claims is first, in round {round}");
    }
}

/// A claim whose lease has not passed is another's.
pub async fn a_live_claim_holds_others_off(ledger: &impl Ledger, run: &str) {
    let source = source(run, "live");
    let first = claim(&source, "text", 1, 0);
    assert_eq!(take(ledger, &first).await, mine(&first), "the first claim is granted as proposed");
    let second = claim(&source, "text", 2, 59);
    let pending = Claimed::Pending { lease_until: first.lease_until };
    assert_eq!(take(ledger, &second).await, pending, "a second before its end the lease still holds");
}

/// A claim whose answer was lost is repeated: it is still the claimant's, as it was.
pub async fn the_same_claimant_may_ask_again(ledger: &impl Ledger, run: &str) {
    let source = source(run, "again");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    let again = NewClaim { message_id: id("another"), received_at: at(1), ..first.clone() };
    assert_eq!(take(ledger, &again).await, mine(&first), "the same owner gets the same id and time");
}

/// The id and the time of receipt live as long as the digest, across midnight too.
pub async fn an_expired_claim_is_taken_over_with_id_and_time(ledger: &impl Ledger, run: &str) {
    let source = source(run, "takeover");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    let second = claim(&source, "text", 2, 60);
    assert_eq!(take(ledger, &second).await, mine(&first), "id and time are those of the claim taken over");
    let third = claim(&source, "text", 3, 61);
    let pending = Claimed::Pending { lease_until: second.lease_until };
    assert_eq!(take(ledger, &third).await, pending, "and the new lease holds");
}

/// Whoever lost a claim cannot settle it.
pub async fn only_the_owner_settles(ledger: &impl Ledger, run: &str) {
    let source = source(run, "owner");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    let second = claim(&source, "text", 2, 60);
    take(ledger, &second).await;
    assert!(!settle(ledger, &first, first.message_id).await, "a stale owner does not settle");
    assert!(
        !settle(ledger, &second, second.message_id).await,
        "nor anyone under an id that is not the claim's"
    );
    let record = known(ledger, &first).await.expect("the claim is known");
    assert_eq!(record.state, KnownState::Pending, "what failed to settle leaves the claim pending");
    assert!(settle(ledger, &second, first.message_id).await, "the owner settles, under the first id");
    let never = claim(&source, "never claimed", 3, 0);
    assert!(!settle(ledger, &never, never.message_id).await, "what was never claimed is not settled");
}

/// A settlement whose answer was lost is repeated.
pub async fn settling_twice_is_settling_once(ledger: &impl Ledger, run: &str) {
    let source = source(run, "twice");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    assert!(settle(ledger, &first, first.message_id).await, "the owner settles");
    ledger.mint_attempt(&source, first.message_id).await.expect("an attempt is minted");
    assert!(settle(ledger, &first, first.message_id).await, "and settles again");
    let message = ledger.message(&source, first.message_id).await.expect("the message is looked up");
    assert_eq!(message.map(|message| message.attempt), Some(2), "settling again takes no attempt back");
    let late = claim(&source, "text", 2, 100);
    let record = known(ledger, &first).await.expect("the digest is known");
    assert_eq!(record.raw_digest, Some(digest("as it was submitted")), "with what was submitted");
    assert_eq!(take(ledger, &late).await, Claimed::Settled(record), "every later claim hears of the first");
}

/// Giving up lets the next in at once, and keeps id and time: the event may be on its way under them.
pub async fn a_released_claim_is_free_at_once(ledger: &impl Ledger, run: &str) {
    let source = source(run, "release");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    ledger.release(&source, &first.digest, [9; 16]).await.expect("a stranger's release is no fault");
    let second = claim(&source, "text", 2, 1);
    assert!(matches!(take(ledger, &second).await, Claimed::Pending { .. }), "but does nothing");
    ledger.release(&source, &first.digest, first.owner).await.expect("the owner releases");
    assert_eq!(take(ledger, &second).await, mine(&first), "the next claimant need not wait for the lease");
    assert!(!settle(ledger, &first, first.message_id).await, "who has given up no longer settles");
}

/// Settled is for ever.
pub async fn a_settled_claim_is_not_released(ledger: &impl Ledger, run: &str) {
    let source = source(run, "settled");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    settle(ledger, &first, first.message_id).await;
    ledger.release(&source, &first.digest, first.owner).await.expect("a late release is no fault");
    let late = claim(&source, "text", 2, 1_000_000);
    assert!(matches!(take(ledger, &late).await, Claimed::Settled(_)), "what is settled stays settled");
}

/// One answer a digest, in order, absent ones and repeated ones too; to 100.
pub async fn known_answers_in_the_order_asked(ledger: &impl Ledger, run: &str) {
    let source = source(run, "known");
    let claims: Vec<_> = (0..99_u8).map(|n| claim(&source, &format!("text {n}"), n + 1, 0)).collect();
    for claim in claims.iter().step_by(2) {
        take(ledger, claim).await;
    }
    for claim in claims.iter().step_by(4) {
        settle(ledger, claim, claim.message_id).await;
    }
    let mut digests: Vec<_> = claims.iter().rev().map(|claim| claim.digest).collect();
    digests.push(claims[0].digest);
    let answers = ledger.known(&source, &digests).await.expect("100 digests may be asked for at once");
    let states: Vec<_> = answers.iter().map(|known| known.as_ref().map(|known| known.state)).collect();
    let expected = |n: usize| match n % 4 {
        0 => Some(KnownState::Settled),
        2 => Some(KnownState::Pending),
        _ => None,
    };
    let wanted: Vec<_> = (0..99).rev().map(expected).chain([expected(0)]).collect();
    assert_eq!(states, wanted, "each digest is answered in its place");
    let first = answers.last().cloned().flatten().expect("the first text is known");
    assert_eq!(first.message_id, claims[0].message_id, "with its message id");
    assert_eq!(first.received_at, claims[0].received_at, "and the time of receipt, to the nanosecond");
}

/// A settled message has all that was settled.
pub async fn a_message_is_found_by_its_id(ledger: &impl Ledger, run: &str) {
    let source = source(run, "message");
    let first = claim(&source, "text", 1, 0);
    let look = || ledger.message(&source, first.message_id);
    take(ledger, &first).await;
    assert_eq!(look().await.expect("looked up"), None, "a pending claim is no message");
    let replaces = Replaces { message_id: id("the one before"), known: true };
    let message = SettledMessage { replaces: Some(replaces), ..settled(&first) };
    let done = ledger.settle(&source, first.owner, first.message_id, &message).await;
    assert!(done.expect("settling is answered"), "the owner settles");
    assert_eq!(look().await.expect("looked up"), Some(message), "all of it comes back");
}

/// Attempts count up from 1, however many ask at once.
pub async fn every_attempt_is_minted_once(ledger: &impl Ledger, run: &str) {
    let source = source(run, "attempts");
    let first = claim(&source, "text", 1, 0);
    take(ledger, &first).await;
    let none = ledger.mint_attempt(&source, first.message_id).await.expect("minting is answered");
    assert_eq!(none, None, "a message that is not settled has no attempts to mint");
    settle(ledger, &first, first.message_id).await;
    let minted = join_all((0..16).map(|_| ledger.mint_attempt(&source, first.message_id))).await;
    let mut attempts: Vec<_> = minted
        .into_iter()
        .map(|minted| minted.expect("minting is answered").expect("the message is known").attempt)
        .collect();
    attempts.sort_unstable();
    assert_eq!(attempts, (2..=17).collect::<Vec<_>>(), "each attempt is given out once");
}

/// The same bytes of two institutions are two messages, and neither sees the other's.
pub async fn institutions_never_meet(ledger: &impl Ledger, run: &str) {
    let (ours, theirs) = (source(run, "ours"), source(run, "theirs"));
    let first = claim(&ours, "text", 1, 0);
    take(ledger, &first).await;
    settle(ledger, &first, first.message_id).await;
    let second = claim(&theirs, "text", 1, 0);
    assert_eq!(known(ledger, &second).await, None, "what one has sent is unknown to the other");
    assert_eq!(take(ledger, &second).await, mine(&second), "who may send the same for itself");
    let foreign = ledger.message(&theirs, first.message_id).await.expect("looked up");
    assert_eq!(foreign, None, "a foreign message id finds nothing");
    let minted = ledger.mint_attempt(&theirs, first.message_id).await.expect("answered");
    assert_eq!(minted, None, "nor mints anything");
}

async fn take(ledger: &impl Ledger, claim: &NewClaim) -> Claimed {
    ledger.claim(claim).await.expect("a claim is answered")
}

async fn settle(ledger: &impl Ledger, claim: &NewClaim, message_id: MessageId) -> bool {
    let message = settled(claim);
    let settling = ledger.settle(&claim.source, claim.owner, message_id, &message);
    settling.await.expect("settling is answered")
}

async fn known(ledger: &impl Ledger, claim: &NewClaim) -> Option<LedgerRecord> {
    let mut answers = ledger.known(&claim.source, &[claim.digest]).await.expect("known is answered");
    assert_eq!(answers.len(), 1, "one answer a digest");
    answers.pop().flatten()
}

fn mine(claim: &NewClaim) -> Claimed {
    Claimed::Mine { message_id: claim.message_id, received_at: claim.received_at }
}
