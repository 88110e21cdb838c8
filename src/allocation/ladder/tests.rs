mod explained;
mod killed;
mod reference;
mod state;
