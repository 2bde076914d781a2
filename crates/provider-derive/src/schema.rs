//! `#[derive(Schema)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Field, Fields, Lit, LitInt, LitStr, Result};

#[derive(Default)]
struct Flags {
    required: bool,
    optional: bool,
    computed: bool,
    force_new: bool,
    sensitive: bool,
    write_only: bool,
    set: bool,
    block: bool,
    default: Option<Lit>,
    deprecated: Option<LitStr>,
    mirrors: Option<LitStr>,
    ty: Option<Expr>,
    min: Option<LitInt>,
    max: Option<LitInt>,
}

impl Flags {
    fn read(field: &Field) -> Result<Self> {
        let mut flags = Self::default();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("schema")) {
            attribute.parse_nested_meta(|meta| flags.set(&meta))?;
        }
        let kinds = usize::from(flags.required) + usize::from(flags.optional || flags.computed);
        if !flags.block && kinds != 1 {
            return Err(Error::new_spanned(field, "an attribute is either `required`, or `optional` and/or `computed`"));
        }
        Ok(flags)
    }

    fn set(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "required" => self.required = true,
            "optional" => self.optional = true,
            "computed" => self.computed = true,
            "force_new" => self.force_new = true,
            "sensitive" => self.sensitive = true,
            "write_only" => self.write_only = true,
            "set" => self.set = true,
            "block" => self.block = true,
            "default" => self.default = Some(meta.value()?.parse()?),
            "deprecated" => self.deprecated = Some(meta.value()?.parse()?),
            "mirrors" => self.mirrors = Some(meta.value()?.parse()?),
            "ty" => self.ty = Some(meta.value()?.parse()?),
            "min" => self.min = Some(meta.value()?.parse()?),
            "max" => self.max = Some(meta.value()?.parse()?),
            _ => return Err(meta.error("unknown flag")),
        }
        Ok(())
    }
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else { return Err(Error::new_spanned(input, "only a struct has a schema")) };
    let Fields::Named(fields) = &data.fields else { return Err(Error::new_spanned(input, "fields need names")) };
    let (mut name, mut version) = (None::<LitStr>, None::<LitInt>);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("schema")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("version") {
                version = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error("unknown flag"));
            }
            Ok(())
        })?;
    }
    let mut attributes = Vec::new();
    let mut blocks = Vec::new();
    let mut mirrors = Vec::new();
    for field in &fields.named {
        let flags = Flags::read(field)?;
        if let Some(argument) = &flags.mirrors {
            let name = key(field);
            mirrors.push(quote!(.mirroring(#name, #argument)));
        }
        if flags.block { blocks.push(block(field, &flags)) } else { attributes.push(attribute(field, &flags)) }
    }
    let ident = &input.ident;
    let doc = docs(&input.attrs);
    let described = name.map(|name| {
        let version = version.map_or_else(|| quote!(0), |version| quote!(#version));
        quote! {
            impl ::weir_provider::native::Describe for #ident {
                const NAME: &'static str = #name;
                fn schema() -> ::weir_provider::Schema {
                    ::weir_provider::Schema::new(#version, <Self as ::weir_provider::native::Shape>::block())#(#mirrors)*
                }
            }
        }
    });
    Ok(quote! {
        impl ::weir_provider::native::Shape for #ident {
            fn block() -> ::weir_provider::Block {
                ::weir_provider::Block {
                    attributes: [#(#attributes),*].into_iter().collect(),
                    blocks: [#(#blocks),*].into_iter().collect(),
                    description: #doc,
                }
            }
        }
        impl ::weir_provider::native::SchemaType for #ident {
            fn ty() -> ::weir_value::Type {
                <Self as ::weir_provider::native::Shape>::block().ty()
            }
        }
        #described
    })
}

fn attribute(field: &Field, flags: &Flags) -> TokenStream {
    let name = key(field);
    let rust = &field.ty;
    let ty = match &flags.ty {
        Some(ty) => quote!(#ty),
        None if flags.set => quote!(::weir_provider::native::as_set(<#rust as ::weir_provider::native::SchemaType>::ty())),
        None => quote!(<#rust as ::weir_provider::native::SchemaType>::ty()),
    };
    let doc = docs(&field.attrs);
    let Flags { required, optional, computed, force_new, sensitive, write_only, .. } = flags;
    let deprecated = option(flags.deprecated.as_ref().map(|why| quote!(#why)));
    let default = option(flags.default.as_ref().map(|value| match value {
        Lit::Int(value) => quote!(::weir_value::Value::from(#value as i64)),
        value => quote!(::weir_value::Value::from(#value)),
    }));
    quote! {
        (::std::sync::Arc::from(#name), ::weir_provider::Attribute {
            ty: #ty, description: #doc, required: #required, optional: #optional, computed: #computed, sensitive: #sensitive,
            write_only: #write_only, deprecated: #deprecated, force_new: #force_new, default: #default,
        })
    }
}

fn block(field: &Field, flags: &Flags) -> TokenStream {
    let name = key(field);
    let rust = &field.ty;
    let nesting = if flags.set { quote!(::weir_provider::Nesting::Set) } else { quote!(<#rust as ::weir_provider::native::NestedShape>::NESTING) };
    let min = flags.min.as_ref().map_or_else(|| quote!(0), |min| quote!(#min));
    let max = flags.max.as_ref().map_or_else(|| quote!(0), |max| quote!(#max));
    let Flags { force_new, computed, .. } = flags;
    quote! {
        (::std::sync::Arc::from(#name), ::weir_provider::NestedBlock {
            nesting: #nesting, block: <#rust as ::weir_provider::native::NestedShape>::nested(), min: #min, max: #max,
            force_new: #force_new, computed: #computed,
        })
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(::std::option::Option::None), |value| quote!(::std::option::Option::Some(#value)))
}

/// The attribute's name: the field's, without the underscore that a word which cannot be a field (`self`) needs; serde must be told as well (`rename`).
fn key(field: &Field) -> String {
    field.ident.as_ref().map(|ident| ident.unraw().to_string().trim_end_matches('_').to_owned()).unwrap_or_default()
}

/// The doc comment as one text.
fn docs(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let syn::Meta::NameValue(meta) = &attribute.meta
            && let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = &meta.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}
