//! What is told by the look of a type: above all that it may not travel between nodes.

use syn::{GenericArgument, Path, PathArguments, ReturnType, Type};

use crate::errors::Errors;

/// Which way a type travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Argument,
    Result,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::Result => "result",
        }
    }
}

/// The written result type; `None` when there is none.
pub(crate) fn written_result(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

/// The type without the invisible brackets that a macro puts around it, and without parentheses.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// Whether the last part of the type's path is this name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(bare(ty), Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// Whether it is `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Refuses references, `impl Trait` and `!` wherever they stand in the type. What else cannot travel lacks serde's traits,
/// and the compiler says so.
pub(crate) fn refuse_what_cannot_travel(ty: &Type, way: Way, errors: &mut Errors) {
    match ty {
        Type::Reference(reference) => {
            let owned = owned_form(&reference.elem);
            let verb = if way == Way::Argument { "take" } else { "return" };
            errors.at(
                reference,
                format!("a reference cannot leave its process, `'static` or not: {verb} the owned value{owned}"),
            );
        }
        Type::ImplTrait(opaque) => {
            let fix = match way {
                Way::Argument => "name one type that travels",
                Way::Result => "name the type, and write `async fn` for a future",
            };
            errors.at(opaque, format!("`impl Trait` hides which type the {} is: {fix}", way.word()));
        }
        Type::Never(never) => {
            errors.at(never, "a call that never returns has no result to send back: return a value or nothing at all");
        }
        Type::Array(array) => refuse_what_cannot_travel(&array.elem, way, errors),
        Type::Slice(slice) => refuse_what_cannot_travel(&slice.elem, way, errors),
        Type::Group(group) => refuse_what_cannot_travel(&group.elem, way, errors),
        Type::Paren(paren) => refuse_what_cannot_travel(&paren.elem, way, errors),
        Type::Ptr(pointer) => {
            errors.at(pointer, "a pointer means nothing in another process: use the owned value");
        }
        Type::Tuple(tuple) => {
            for element in &tuple.elems {
                refuse_what_cannot_travel(element, way, errors);
            }
        }
        Type::Path(path) => {
            if let Some(qself) = &path.qself {
                refuse_what_cannot_travel(&qself.ty, way, errors);
            }
            refuse_in_path(&path.path, way, errors);
        }
        _ => {}
    }
}

fn refuse_in_path(path: &Path, way: Way, errors: &mut Errors) {
    for segment in &path.segments {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
            continue;
        };
        for argument in &arguments.args {
            match argument {
                GenericArgument::Type(ty) => refuse_what_cannot_travel(ty, way, errors),
                GenericArgument::AssocType(associated) => refuse_what_cannot_travel(&associated.ty, way, errors),
                GenericArgument::Lifetime(lifetime) if lifetime.ident == "_" => {
                    errors.at(lifetime, format!("this {} borrows: use the owned type", way.word()));
                }
                _ => {}
            }
        }
    }
}

/// The owned form of the two references that everybody writes, as the end of a message.
fn owned_form(referred: &Type) -> String {
    match referred {
        Type::Path(path) if path.path.is_ident("str") => ", `String`".to_owned(),
        Type::Slice(slice) => format!(", `Vec<{}>`", crate::text::of(&slice.elem)),
        Type::Path(_) | Type::Tuple(_) => format!(", `{}`", crate::text::of(referred)),
        _ => String::new(),
    }
}
