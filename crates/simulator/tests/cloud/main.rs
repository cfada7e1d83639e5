//! Drives the simulated cloud as a small bridge and a browser would.
#![cfg(test)]

mod faults;
mod pages;
mod pairing;
mod rates;
mod rest;
mod socket;
mod wire;
