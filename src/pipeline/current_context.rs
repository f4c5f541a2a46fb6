//! The context of the Dockerfile after the steps so far.

use crate::context::{BuildContext, ContextSource, ImageRun, PythonPart, RequiredPackage, Service};

/// The context with the ignore file as changed by the steps so far.
pub(super) struct CurrentContext<'s> {
    pub given: &'s dyn ContextSource,
    pub changed: Option<BuildContext>,
    /// Whether other files of the repository are looked at. Only unsafe fixes ask about them, so it
    /// is not worth the time where these are not applied.
    pub reads_runs: bool,
}

impl CurrentContext<'_> {
    pub fn take(&mut self, ignore_file: Option<&str>) {
        // Only a step that changes the ignore file needs the context.
        if let Some(text) = ignore_file
            && let Ok(context) = self.given.context()
        {
            self.changed = Some(context.with_ignore(text));
        }
    }
}

impl ContextSource for CurrentContext<'_> {
    fn context(&self) -> Result<&BuildContext, &str> {
        self.changed.as_ref().map_or_else(|| self.given.context(), Ok)
    }

    fn can_write_ignore_file(&self) -> bool {
        self.given.can_write_ignore_file()
    }

    fn dockerfile(&self) -> Option<&str> {
        self.given.dockerfile()
    }

    fn proven(&self) -> &[RequiredPackage] {
        self.given.proven()
    }

    fn observed_release(&self) -> Option<&str> {
        self.given.observed_release()
    }

    fn needed_files(&self) -> &[String] {
        self.given.needed_files()
    }

    fn read_files(&self) -> &[String] {
        self.given.read_files()
    }

    fn python_parts(&self) -> Option<&[PythonPart]> {
        self.given.python_parts()
    }

    fn services(&self) -> &[Service] {
        self.given.services()
    }

    fn runs(&self) -> &[ImageRun] {
        if self.reads_runs { self.given.runs() } else { &[] }
    }

    fn texts_about_targets(&self) -> Result<&[(String, String)], &str> {
        self.given.texts_about_targets()
    }
}
