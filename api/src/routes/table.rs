//! What the one route table is written into: a running application, or the application together with its description.
//!
//! Rule: only `understudy openapi` and those who ask for the document pay for it. The description of all operations is 30 MiB while
//! it is made, and each worker thread makes an application of its own.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig as DescribedConfig;

/// Takes documented handlers.
pub trait RouteTable {
    /// Adds a handler.
    fn service<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;
}

impl RouteTable for web::ServiceConfig {
    fn service<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        Self::service(self, handler)
    }
}

impl RouteTable for DescribedConfig<'_> {
    fn service<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        Self::service(self, handler)
    }
}
