//! Curricula as portable files.

use std::{
    io,
    path::{Path, PathBuf},
};

use magister_proto::v1;
use tokio::{
    fs,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tokio_stream::wrappers::ReceiverStream;

use crate::{client::Client, curriculum::Curriculum, error::Error, info::CurriculumInfo};

/// Bytes in one message; the contract allows 4 MiB.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks read ahead of the server.
const CHUNKS_AHEAD: usize = 4;

impl Curriculum {
    /// Writes the curriculum with all it holds as one portable file, and gives its size in bytes. What has been
    /// written is of no use if this fails.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::File`] if the writer fails.
    pub async fn export_to(&self, writer: &mut (impl AsyncWrite + Unpin)) -> Result<u64, Error> {
        let request = v1::ExportCurriculumRequest { name: self.name().to_owned() };
        let mut chunks = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.export_curriculum(request).await })
            .await?;
        let failed = |error| file_error(format!("cannot write {}", self.name()), &error);
        let mut bytes = 0;
        while let Some(message) = chunks.message().await? {
            writer.write_all(&message.chunk).await.map_err(failed)?;
            bytes += message.chunk.len() as u64;
        }
        writer.flush().await.map_err(failed)?;
        Ok(bytes)
    }

    /// Exports to a file that is not there yet, and gives its size in bytes. The file appears when it is whole and
    /// on disk; a failure leaves nothing behind.
    ///
    /// # Errors
    /// As [`Curriculum::export_to`]; [`Error::File`] also if there is a file of this name.
    pub async fn export_to_file(&self, path: &Path) -> Result<u64, Error> {
        let failed = |error| file_error(format!("cannot export to {}", path.display()), &error);
        let partial = Partial::beside(path).map_err(failed)?;
        let mut file = fs::File::create_new(&partial.0).await.map_err(failed)?;
        let bytes = self.export_to(&mut file).await?;
        file.sync_all().await.map_err(failed)?;
        drop(file);
        refuse_existing(path).map_err(failed)?;
        fs::rename(&partial.0, path).await.map_err(failed)?;
        Ok(bytes)
    }
}

impl Client {
    /// Makes a curriculum from what was exported. A failure leaves none behind.
    ///
    /// # Errors
    /// [`Error::Refused`]: with reason [`Reason::CurriculumExists`](crate::Reason::CurriculumExists), or [`Reason::ImportRefused`](crate::Reason::ImportRefused) if this is no export or a damaged
    /// one; [`Error::File`] if the reader fails. It is never repeated by itself: if the connection breaks, see
    /// whether the curriculum is there.
    pub async fn import_from(
        &self,
        id: &str,
        reader: &mut (impl AsyncRead + Unpin),
    ) -> Result<CurriculumInfo, Error> {
        let failed = |error| file_error(format!("cannot read what is to be {id:?}"), &error);
        // What cannot be read at all never reaches the server.
        let first = read_chunk(reader).await.map_err(failed)?;
        let (sender, messages) = mpsc::channel(CHUNKS_AHEAD);
        let mut rpc = self.rpc();
        let call = rpc.import_curriculum(ReceiverStream::new(messages));
        let feed = async move {
            let mut message = v1::ImportCurriculumRequest { curriculum_id: id.to_owned(), chunk: first };
            // A closed channel: the server has answered without reading on.
            while sender.send(message).await.is_ok() {
                let chunk = read_chunk(reader).await?;
                if chunk.is_empty() {
                    break;
                }
                message = v1::ImportCurriculumRequest { curriculum_id: String::new(), chunk };
            }
            Ok(())
        };
        tokio::pin!(call, feed);
        let answer = tokio::select! {
            answer = &mut call => answer,
            fed = &mut feed => {
                fed.map_err(failed)?;
                call.await
            }
        };
        answer?.into_inner().try_into()
    }

    /// Makes a curriculum from a file that was exported.
    ///
    /// # Errors
    /// As [`Client::import_from`].
    pub async fn import_from_file(&self, id: &str, path: &Path) -> Result<CurriculumInfo, Error> {
        let mut file = fs::File::open(path)
            .await
            .map_err(|error| file_error(format!("cannot read {}", path.display()), &error))?;
        self.import_from(id, &mut file).await
    }
}

/// A file under way, deleted when it is dropped.
struct Partial(PathBuf);

impl Partial {
    /// Beside the file that it is to become; refused if that is there.
    fn beside(path: &Path) -> io::Result<Self> {
        refuse_existing(path)?;
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        Ok(Self(path.with_file_name(name)))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file_error(what: String, error: &io::Error) -> Error {
    Error::File { what, problem: error.to_string() }
}

fn refuse_existing(path: &Path) -> io::Result<()> {
    match path.try_exists()? {
        true => Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is such a file already")),
        false => Ok(()),
    }
}

/// Reads as much as makes a message; nothing at the end.
async fn read_chunk(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    while chunk.len() < CHUNK_BYTES && reader.read_buf(&mut chunk).await? > 0 {}
    Ok(chunk)
}
