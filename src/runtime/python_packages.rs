//! System libraries that Python packages need at run time.

/// Libraries of the full image that packages without wheels link or search for. (Each package's own
/// installation notes.)
pub(crate) const NEEDS: &[(&str, &[&str])] = &[
    ("psycopg2", &["libpq5"]),
    ("psycopg", &["libpq5"]),
    ("mysqlclient", &["libmariadb3"]),
    ("pycurl", &["libcurl4"]),
    ("python-magic", &["libmagic1"]),
    ("filemagic", &["libmagic1"]),
    ("gitpython", &["git"]),
    ("lightgbm", &["libgomp1"]),
    ("cairosvg", &["libcairo2"]),
    ("cairocffi", &["libcairo2"]),
    ("pyyaml", &["libyaml-0-2"]),
    ("python-snappy", &["libsnappy1v5"]),
];

/// Packages that search the full image for libraries which are not listed here.
pub(crate) const KEEP_FULL: &[&str] = &[
    "uwsgi",
    "weasyprint",
    "django-weasyprint",
    "flask-weasyprint",
    "xhtml2pdf",
    "wand",
    "gdal",
    "python-ldap",
    "django-auth-ldap",
    "xmlsec",
    "python3-saml",
    "pygraphviz",
    "opencv-python",
    "pyaudio",
    "pygobject",
    "pycairo",
    "dlib",
];
