mod parity;
mod rules;
mod state;
