//! `/metrics` on a listener of its own: for a network that only the monitoring reaches. No credential, and nothing else is there.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::{Form, Metrics};

/// The answer to whoever may read it.
pub fn answer(request: &HttpRequest, metrics: &Metrics) -> HttpResponse {
    let accept = request.headers().get_all(header::ACCEPT);
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let form = Form::accepted(&accept.join(","));
    match metrics.text(form) {
        Ok(text) => HttpResponse::Ok()
            .content_type(form.media_type())
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::VARY, "accept"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn get(request: HttpRequest, metrics: web::Data<Metrics>) -> HttpResponse {
    answer(&request, &metrics)
}

/// Serves the numbers and nothing else, until it is stopped.
///
/// # Errors
/// If the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    metrics: &Arc<Metrics>,
) -> Result<actix_web::dev::Server, std::io::Error> {
    let metrics = web::Data::from(Arc::clone(metrics));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .route("/metrics", web::get().to(get))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
