//! What the desktop does, without a window: profiles, session, submission queue, browsing, tracing
