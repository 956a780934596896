use std::time::Duration;

use lake::{Clock, Hub, Ledger, Payloads, Profile};

use crate::{Authenticator, Random, Room};

/// What the front door is made of. Every part may be an `Arc`.
pub struct FrontDoor<L, P, H, K, A, R> {
    /// Which digests were received.
    pub ledger: L,
    /// Where the bytes wait for the subscribers.
    pub payloads: P,
    /// Where is published.
    pub hub: H,
    /// The time.
    pub clock: K,
    /// Who sends.
    pub authenticator: A,
    /// Ids and owner tokens.
    pub random: R,
    /// What `GET /lake` answers; its `bucket` is where a restage finds the submitted bytes.
    pub profile: Profile,
    /// How long is waited for what.
    pub patience: Patience,
    /// How much is taken in at once.
    pub room: Room,
}

/// How long is waited for what. The defaults fit API Gateway's limit of 30 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For another's claim on the same message to settle.
    pub claim: Duration,
    /// Before another's claim is looked at for the second time; the pause doubles each time.
    pub first_pause: Duration,
    /// The longest pause between two looks.
    pub longest_pause: Duration,
    /// For the body of a request to arrive.
    pub body: Duration,
    /// For a batch, all in all; what is not done by then is answered `unavailable`.
    pub batch: Duration,
    /// For room among the requests at once, before the answer is `unavailable`.
    pub admission: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            claim: Duration::from_secs(5),
            first_pause: Duration::from_millis(10),
            longest_pause: Duration::from_millis(250),
            body: Duration::from_secs(20),
            batch: Duration::from_secs(25),
            admission: Duration::from_secs(2),
        }
    }
}

/// The parts behind one name, so that the rest of the crate has one type parameter and not six.
pub(crate) trait Door: Send + Sync + 'static {
    type Ledger: Ledger;
    type Payloads: Payloads;
    type Hub: Hub;
    type Clock: Clock;
    type Authenticator: Authenticator;
    type Random: Random;

    fn ledger(&self) -> &Self::Ledger;
    fn payloads(&self) -> &Self::Payloads;
    fn hub(&self) -> &Self::Hub;
    fn clock(&self) -> &Self::Clock;
    fn authenticator(&self) -> &Self::Authenticator;
    fn random(&self) -> &Self::Random;
    fn profile(&self) -> &Profile;
    fn patience(&self) -> &Patience;
    fn room(&self) -> &Room;
}

impl<L: Ledger, P: Payloads, H: Hub, K: Clock, A: Authenticator, R: Random> Door
    for FrontDoor<L, P, H, K, A, R>
{
    type Ledger = L;
    type Payloads = P;
    type Hub = H;
    type Clock = K;
    type Authenticator = A;
    type Random = R;

    fn ledger(&self) -> &L {
        &self.ledger
    }
    fn payloads(&self) -> &P {
        &self.payloads
    }
    fn hub(&self) -> &H {
        &self.hub
    }
    fn clock(&self) -> &K {
        &self.clock
    }
    fn authenticator(&self) -> &A {
        &self.authenticator
    }
    fn random(&self) -> &R {
        &self.random
    }
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn patience(&self) -> &Patience {
        &self.patience
    }
    fn room(&self) -> &Room {
        &self.room
    }
}
