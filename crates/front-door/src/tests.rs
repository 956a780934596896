//! The front door on ports in memory, with time that stands still until a test moves it.

mod bodies;
mod crashes;
mod door;
mod lake;
mod lines;
mod submitting;
mod table;
mod wishes;
