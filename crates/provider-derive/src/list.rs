//! `list_types!`

use std::path::Path;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Result, Token, Type};

/// `mod NAME in "FOLDER": TRAIT = FUNCTION`
pub(crate) struct Input {
    module: Ident,
    folder: LitStr,
    erased: Type,
    function: Ident,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse::<Token![mod]>()?;
        let module = input.parse()?;
        input.parse::<Token![in]>()?;
        let folder = input.parse()?;
        input.parse::<Token![:]>()?;
        let erased = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { module, folder, erased, function: input.parse()? })
    }
}

pub(crate) fn expand(input: &Input) -> Result<TokenStream> {
    let fail = |error: &dyn std::fmt::Display| syn::Error::new(input.folder.span(), format!("cannot list this folder: {error}"));
    let root = std::env::var("CARGO_MANIFEST_DIR").map_err(|error| fail(&error))?;
    let folder = Path::new(&root).join(input.folder.value());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|error| fail(&error))? {
        let path = entry.map_err(|error| fail(&error))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "mod" {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let modules: Vec<Ident> = names.iter().map(|name| Ident::new_raw(name, Span::call_site())).collect();
    let types: Vec<Ident> = names.iter().map(|name| Ident::new(&camel(name), Span::call_site())).collect();
    let (module, erased, function) = (&input.module, &input.erased, &input.function);
    let doc = format!("Every type of `{}`, one file each.", input.folder.value());
    Ok(quote! {
        #[doc = #doc]
        pub(crate) mod #module {
            #(pub(crate) mod #modules;)*

            /// All of them.
            pub(crate) fn all() -> Vec<Box<dyn #erased>> {
                vec![#(weir_provider::native::#function::<#modules::#types>()),*]
            }
        }
    })
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        })
        .collect()
}
