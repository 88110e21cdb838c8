mod explained;
mod grid;
mod killed;
mod reference;
mod state;
