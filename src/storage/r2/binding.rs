//! The one adapter of R2: the port [`Bucket`] on a bucket's binding.

use std::ops::Range;
use std::pin::pin;

use futures::Stream;
use futures::future::{Either, select, try_join};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::ReadableStream;
use worker::{
    Bucket as Binding, Env, FixedLengthStream, Range as R2Range, ResponseBody, UploadedPart,
};

use super::bucket::{Bucket, BucketError, Described};

/// The binding's name in `wrangler.toml`.
pub(crate) const BINDING: &str = "PACKS";

/// The words by which R2 says that the bytes have another digest: its own number of the error, and its
/// emulation's words.
const OTHER_DIGEST: [&str; 2] = ["(10037)", "checksum"];

#[wasm_bindgen]
extern "C" {
    /// The runtime's pipe, which passes as many bytes as it was made for, or fails.
    #[wasm_bindgen(js_name = FixedLengthStream)]
    type Pipe;

    #[wasm_bindgen(constructor, catch, js_class = "FixedLengthStream")]
    fn new(bytes: f64) -> Result<Pipe, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn readable(this: &Pipe) -> ReadableStream;

    #[wasm_bindgen(method, getter)]
    fn writable(this: &Pipe) -> JsValue;

    /// Digests the bytes that are piped into it.
    #[wasm_bindgen(js_namespace = crypto)]
    type DigestStream;

    #[wasm_bindgen(constructor, catch, js_namespace = crypto)]
    fn new(algorithm: &str) -> Result<DigestStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn digest(this: &DigestStream) -> js_sys::Promise;

    type Source;

    #[wasm_bindgen(method, catch, js_name = pipeTo)]
    fn pipe_to(this: &Source, to: &JsValue) -> Result<js_sys::Promise, JsValue>;
}

/// A word of the runtime's pipe when it got more or fewer bytes than it was made for.
const OTHER_LENGTH: &str = "FixedLengthStream";

/// A bucket of R2.
#[derive(Debug, Clone)]
pub(crate) struct R2(Binding);

impl R2 {
    /// The deployment's bucket.
    pub(crate) fn of(env: &Env) -> Result<Self, BucketError> {
        let binding = env.bucket(BINDING);
        binding.map(Self).map_err(|_| BucketError::Absent(BINDING))
    }

    /// The bytes of an object, to be passed on without a look at them.
    pub(crate) async fn open(&self, key: &str) -> Result<ReadableStream, BucketError> {
        let found = self.0.get(key).execute().await;
        stream_of(key, found)
    }

    /// These of its bytes.
    pub(crate) async fn open_part(
        &self,
        key: &str,
        part: Range<u64>,
    ) -> Result<ReadableStream, BucketError> {
        debug_assert!(part.start < part.end, "{part:?} has no byte");
        let range = R2Range::OffsetWithLength {
            offset: part.start,
            length: part.end.saturating_sub(part.start),
        };
        let found = self.0.get(key).range(range).execute().await;
        stream_of(key, found)
    }

    /// Writes an object of `length` bytes that have this digest, as the runtime pumps them from `body`:
    /// none of them comes into the wasm. Otherwise nothing is written.
    pub(crate) async fn put_verified(
        &self,
        key: &str,
        body: Option<ReadableStream>,
        length: u64,
        sha256: &[u8; 32],
    ) -> Result<(), BucketError> {
        let thrown = |error: JsValue| failed("a write", key)(error.into());
        let Some(body) = body else {
            let put = self.0.put(key, Vec::new()).sha256(*sha256).execute().await;
            return put.map(drop).map_err(|error| refused(key, error));
        };
        #[expect(clippy::cast_precision_loss, reason = "R2 holds less than 2^53 bytes")]
        let pipe = Pipe::new(length as f64).map_err(thrown)?;
        let source: Source = body.unchecked_into();
        let pumped = source.pipe_to(&pipe.writable()).map_err(thrown)?;
        let put = self.0.put(key, pipe.readable()).sha256(*sha256).execute();
        let pumped = JsFuture::from(pumped);
        let (put, pumped) = match select(pin!(put), pumped).await {
            // Nobody may read the pipe any more, and then it never ends.
            Either::Left((Err(error), _)) => (Err(error), Ok(JsValue::UNDEFINED)),
            Either::Left((Ok(put), pumped)) => (Ok(put), pumped.await),
            Either::Right((pumped, put)) => (put.await, pumped),
        };
        // When the pipe fails, so does R2; when R2 fails, so does the pipe. Either tells of a length.
        let put = put.map(drop);
        let pumped = pumped.map(drop).map_err(worker::Error::from);
        let words = [&put, &pumped].map(|done| done.as_ref().err().map(ToString::to_string));
        let mut words = words.into_iter().flatten();
        if let Some(message) = words.find(|words| words.contains(OTHER_LENGTH)) {
            return Err(BucketError::OtherLength {
                key: key.to_owned(),
                length,
                message,
            });
        }
        put.map_err(|error| refused(key, error))
    }

    /// An object without its bytes; `None` if it does not exist.
    pub(crate) async fn describe(&self, key: &str) -> Result<Option<Described>, BucketError> {
        let found = self.0.head(key).await.map_err(failed("a look", key))?;
        let Some(object) = found else {
            return Ok(None);
        };
        let sha256 = object.checksum().sha256;
        Ok(Some(Described {
            size: object.size(),
            sha256: sha256.and_then(|sha256| sha256.try_into().ok()),
            metadata: object.custom_metadata().map_err(failed("a look", key))?,
        }))
    }

    /// The SHA-256 of an object's bytes, which the runtime reads: none of them comes into the wasm.
    pub(crate) async fn digest(&self, key: &str) -> Result<[u8; 32], BucketError> {
        let thrown = |error: JsValue| failed("a digest", key)(error.into());
        let body = self.open(key).await?;
        let digest = DigestStream::new("SHA-256").map_err(thrown)?;
        let (source, sha256): (Source, _) = (body.unchecked_into(), digest.digest());
        let piped = source.pipe_to(&digest).map_err(thrown)?;
        let both = try_join(JsFuture::from(piped), JsFuture::from(sha256)).await;
        let (_, sha256) = both.map_err(thrown)?;
        let sha256 = js_sys::Uint8Array::new(&sha256).to_vec();
        sha256.try_into().map_err(|_| missing(key))
    }

    /// Writes an object whose bytes have this digest; otherwise nothing is written.
    pub(crate) async fn put_bytes_verified(
        &self,
        key: &str,
        bytes: Vec<u8>,
        sha256: &[u8; 32],
    ) -> Result<(), BucketError> {
        let put = self.0.put(key, bytes).sha256(*sha256).execute().await;
        put.map(drop).map_err(|error| refused(key, error))
    }

    /// The same of `length` bytes, as their pieces come.
    pub(crate) async fn put_stream_verified(
        &self,
        key: &str,
        pieces: impl Stream<Item = worker::Result<Vec<u8>>> + 'static,
        length: u64,
        sha256: &[u8; 32],
    ) -> Result<(), BucketError> {
        let body = FixedLengthStream::wrap(pieces, length);
        let put = self.0.put(key, body).sha256(*sha256).execute().await;
        put.map(drop).map_err(|error| refused(key, error))
    }

    /// Size and entity tag of an object; `None` if it does not exist.
    pub(crate) async fn look(&self, key: &str) -> Result<Option<(u64, String)>, BucketError> {
        let found = self.0.head(key).await.map_err(failed("a look", key))?;
        Ok(found.map(|object| (object.size(), object.etag())))
    }

    /// Removes up to a thousand objects; those that are not there are no error.
    pub(crate) async fn delete_all(&self, keys: Vec<String>) -> Result<(), BucketError> {
        let first = keys.first().cloned().unwrap_or_default();
        let deleted = self.0.delete_multiple(keys).await;
        deleted.map_err(failed("the removal of several from", &first))
    }

    /// Writes an object of `length` bytes as its pieces come, and gives R2's own name of its bytes.
    /// When there are fewer or more, or one is an error, nothing is written.
    pub(crate) async fn put_stream(
        &self,
        key: &str,
        pieces: impl Stream<Item = worker::Result<Vec<u8>>> + 'static,
        length: u64,
    ) -> Result<String, BucketError> {
        let body = FixedLengthStream::wrap(pieces, length);
        let put = self.0.put(key, body).execute().await;
        let written = put.map_err(failed("a write", key))?;
        written
            .map(|object| object.etag())
            .ok_or_else(|| missing(key))
    }
}

impl Bucket for R2 {
    async fn size(&self, key: &str) -> Result<Option<u64>, BucketError> {
        let found = self.0.head(key).await.map_err(failed("a look", key))?;
        Ok(found.map(|object| object.size()))
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, BucketError> {
        debug_assert!(range.start <= range.end, "{range:?} ends before it starts");
        let length = range.end.saturating_sub(range.start);
        let options = self.0.get(key).range(R2Range::OffsetWithLength {
            offset: range.start,
            length,
        });
        let found = options.execute().await.map_err(failed("a read", key))?;
        let found = found.ok_or_else(|| missing(key))?;
        let body = found.body().ok_or_else(|| missing(key))?;
        let bytes = body.bytes().await.map_err(failed("a read", key))?;
        if bytes.len() as u64 == length {
            return Ok(bytes);
        }
        Err(BucketError::Short {
            key: key.to_owned(),
            start: range.start,
            end: range.end,
        })
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BucketError> {
        let put = self.0.put(key, bytes).execute().await;
        put.map(drop).map_err(failed("a write", key))
    }

    async fn begin(&self, key: &str) -> Result<String, BucketError> {
        let upload = self.0.create_multipart_upload(key).execute().await;
        let upload = upload.map_err(failed("the begin of an upload", key))?;
        Ok(upload.upload_id().await)
    }

    async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u16,
        bytes: Vec<u8>,
    ) -> Result<String, BucketError> {
        let upload = self.0.resume_multipart_upload(key, upload_id);
        let upload = upload.map_err(failed("a part", key))?;
        let part = upload.upload_part(number, bytes).await;
        Ok(part.map_err(failed("a part", key))?.etag())
    }

    async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        etags: &[String],
    ) -> Result<(), BucketError> {
        let upload = self.0.resume_multipart_upload(key, upload_id);
        let upload = upload.map_err(failed("the end of an upload", key))?;
        let parts = (1..).zip(etags);
        let parts = parts.map(|(number, etag)| UploadedPart::new(number, etag.clone()));
        let completed = upload.complete(parts).await;
        completed
            .map(drop)
            .map_err(failed("the end of an upload", key))
    }

    async fn abort(&self, key: &str, upload_id: &str) -> Result<(), BucketError> {
        let upload = self.0.resume_multipart_upload(key, upload_id);
        let upload = upload.map_err(failed("giving up an upload", key))?;
        let aborted = upload.abort().await;
        aborted.map_err(failed("giving up an upload", key))
    }

    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        let deleted = self.0.delete(key).await;
        deleted.map_err(failed("a removal", key))
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<(String, u64)>, BucketError> {
        let mut options = self.0.list().prefix(prefix);
        if let Some(after) = after {
            options = options.start_after(after);
        }
        let listed = options.execute().await.map_err(failed("a list", prefix))?;
        let objects = listed.objects();
        Ok(objects
            .iter()
            .map(|object| (object.key(), object.size()))
            .collect())
    }
}

fn is_other_digest(error: &worker::Error) -> bool {
    let words = error.to_string();
    OTHER_DIGEST.iter().any(|known| words.contains(known))
}

/// Why R2 did not write bytes of a known digest.
fn refused(key: &str, error: worker::Error) -> BucketError {
    if is_other_digest(&error) {
        return BucketError::OtherDigest {
            key: key.to_owned(),
        };
    }
    failed("a write", key)(error)
}

fn stream_of(
    key: &str,
    found: worker::Result<Option<worker::Object>>,
) -> Result<ReadableStream, BucketError> {
    let object = found.map_err(failed("a read", key))?;
    let body = object.as_ref().and_then(worker::Object::body);
    match body.ok_or_else(|| missing(key))?.response_body() {
        Ok(ResponseBody::Stream(stream)) => Ok(stream),
        Ok(_) => Err(missing(key)),
        Err(error) => Err(failed("a read", key)(error)),
    }
}

fn missing(key: &str) -> BucketError {
    BucketError::Missing {
        key: key.to_owned(),
    }
}

fn failed(what: &'static str, key: &str) -> impl FnOnce(worker::Error) -> BucketError {
    move |error| BucketError::Failed {
        what,
        key: key.to_owned(),
        message: error.to_string(),
    }
}
