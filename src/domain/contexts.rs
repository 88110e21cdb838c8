//! The one list of contexts.

/// Hands the contexts to a macro, so that each layer makes its own list of this one.
///
/// A row is the folder of the context, which has the same name in each layer, its variant of
/// [`Event`](crate::Event) and the type of that variant. Views and modules are in this order.
#[macro_export]
macro_rules! contexts {
    ($make:ident) => {
        $make! {
            builds Builds BuildsEvent,
            core Core CoreEvent,
            jobs Jobs JobsEvent,
        }
    };
}
