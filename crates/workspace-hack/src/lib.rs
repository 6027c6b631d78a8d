//! Nothing: the dependencies of this package are its purpose (see its Cargo.toml).
