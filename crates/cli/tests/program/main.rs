//! The program as a whole: what it writes, how it ends, and what it leaves on the disk.
#![cfg(all(test, unix))]

#[cfg(test)]
mod access;
#[cfg(test)]
mod computer;
#[cfg(test)]
mod ended;
#[cfg(test)]
mod exit_codes;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod npm_bridge;
#[cfg(test)]
mod pairing;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod revoked;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod two_bridges;
