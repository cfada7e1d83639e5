//! Drives the simulated cloud as a small bridge and a browser would.
#![cfg(test)]

mod encrypted;
mod faults;
mod node;
mod pages;
mod pairing;
mod rates;
mod rest;
mod secrecy;
mod socket;
mod wire;
