"""What the Lambdas' Python has: its standard library, and what the runtime brings along.

The program runs on other versions of Python too, and on other systems: their own lists would say
what is there, not what will be.
"""

import sys
from typing import Final

# Every module of Python 3.13 on Linux, from its own `sys.stdlib_module_names` and its folder of
# modules; a test compares them where there is a Python 3.13.
STANDARD_LIBRARY: Final = frozenset(
    """
    __future__ _abc _ast _asyncio _bisect _blake2 _bz2 _codecs _codecs_cn _codecs_hk
    _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _colorize
    _compat_pickle _compression _contextvars _csv _ctypes _curses _curses_panel _datetime _dbm
    _decimal _elementtree _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib
    _heapq _imp _interpchannels _interpqueues _interpreters _io _json _locale _lsprof _lzma
    _markupbase _md5 _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _pickle
    _posixshmem _posixsubprocess _py_abc _pydatetime _pydecimal _pyio _pylong _queue _random
    _sha1 _sha2 _sha3 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string
    _strptime _struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter
    _tokenize _tracemalloc _typing _uuid _warnings _weakref _weakrefset _zoneinfo abc
    antigravity argparse array ast atexit base64 bdb binascii bisect builtins bz2 cProfile
    calendar cmath cmd code codecs codeop colorsys compileall configparser contextlib
    contextvars copy copyreg csv dataclasses datetime decimal difflib dis doctest enum errno
    faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath
    getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac imaplib inspect io
    ipaddress itertools keyword linecache locale lzma mailbox marshal math mimetypes mmap
    modulefinder netrc ntpath nturl2path numbers opcode operator optparse pdb pickle pickletools
    pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile
    pyclbr pydoc pyexpat queue quopri random readline reprlib resource rlcompleter runpy sched
    secrets select selectors shelve shlex shutil signal site smtplib socket socketserver
    sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess
    symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap this threading time
    timeit token tokenize trace traceback tracemalloc tty turtle types typing unicodedata uuid
    venv warnings wave weakref webbrowser zipapp zipimport zlib asyncio collections concurrent
    ctypes curses dbm email encodings ensurepip html http importlib json logging multiprocessing
    os pathlib re sqlite3 tkinter tomllib unittest urllib wsgiref xml xmlrpc zipfile zoneinfo
    asyncio.base_events asyncio.base_futures asyncio.base_subprocess asyncio.base_tasks
    asyncio.constants asyncio.coroutines asyncio.events asyncio.exceptions
    asyncio.format_helpers asyncio.futures asyncio.locks asyncio.log asyncio.mixins
    asyncio.proactor_events asyncio.protocols asyncio.queues asyncio.runners
    asyncio.selector_events asyncio.sslproto asyncio.staggered asyncio.streams
    asyncio.subprocess asyncio.taskgroups asyncio.tasks asyncio.threads asyncio.timeouts
    asyncio.transports asyncio.trsock asyncio.unix_events collections.abc concurrent.futures
    concurrent.futures._base concurrent.futures.process concurrent.futures.thread ctypes._endian
    ctypes.macholib ctypes.macholib.dyld ctypes.macholib.dylib ctypes.macholib.framework
    ctypes.util ctypes.wintypes curses.ascii curses.has_key curses.panel curses.textpad dbm.dumb
    dbm.gnu dbm.ndbm dbm.sqlite3 email._encoded_words email._header_value_parser
    email._parseaddr email._policybase email.base64mime email.charset email.contentmanager
    email.encoders email.errors email.feedparser email.generator email.header
    email.headerregistry email.iterators email.message email.mime email.mime.application
    email.mime.audio email.mime.base email.mime.image email.mime.message email.mime.multipart
    email.mime.nonmultipart email.mime.text email.parser email.policy email.quoprimime
    email.utils encodings.aliases encodings.ascii encodings.base64_codec encodings.big5
    encodings.big5hkscs encodings.bz2_codec encodings.charmap encodings.cp037 encodings.cp1006
    encodings.cp1026 encodings.cp1125 encodings.cp1140 encodings.cp1250 encodings.cp1251
    encodings.cp1252 encodings.cp1253 encodings.cp1254 encodings.cp1255 encodings.cp1256
    encodings.cp1257 encodings.cp1258 encodings.cp273 encodings.cp424 encodings.cp437
    encodings.cp500 encodings.cp720 encodings.cp737 encodings.cp775 encodings.cp850
    encodings.cp852 encodings.cp855 encodings.cp856 encodings.cp857 encodings.cp858
    encodings.cp860 encodings.cp861 encodings.cp862 encodings.cp863 encodings.cp864
    encodings.cp865 encodings.cp866 encodings.cp869 encodings.cp874 encodings.cp875
    encodings.cp932 encodings.cp949 encodings.cp950 encodings.euc_jis_2004
    encodings.euc_jisx0213 encodings.euc_jp encodings.euc_kr encodings.gb18030 encodings.gb2312
    encodings.gbk encodings.hex_codec encodings.hp_roman8 encodings.hz encodings.idna
    encodings.iso2022_jp encodings.iso2022_jp_1 encodings.iso2022_jp_2 encodings.iso2022_jp_2004
    encodings.iso2022_jp_3 encodings.iso2022_jp_ext encodings.iso2022_kr encodings.iso8859_1
    encodings.iso8859_10 encodings.iso8859_11 encodings.iso8859_13 encodings.iso8859_14
    encodings.iso8859_15 encodings.iso8859_16 encodings.iso8859_2 encodings.iso8859_3
    encodings.iso8859_4 encodings.iso8859_5 encodings.iso8859_6 encodings.iso8859_7
    encodings.iso8859_8 encodings.iso8859_9 encodings.johab encodings.koi8_r encodings.koi8_t
    encodings.koi8_u encodings.kz1048 encodings.latin_1 encodings.mac_arabic
    encodings.mac_croatian encodings.mac_cyrillic encodings.mac_farsi encodings.mac_greek
    encodings.mac_iceland encodings.mac_latin2 encodings.mac_roman encodings.mac_romanian
    encodings.mac_turkish encodings.mbcs encodings.oem encodings.palmos encodings.ptcp154
    encodings.punycode encodings.quopri_codec encodings.raw_unicode_escape encodings.rot_13
    encodings.shift_jis encodings.shift_jis_2004 encodings.shift_jisx0213 encodings.tis_620
    encodings.undefined encodings.unicode_escape encodings.utf_16 encodings.utf_16_be
    encodings.utf_16_le encodings.utf_32 encodings.utf_32_be encodings.utf_32_le encodings.utf_7
    encodings.utf_8 encodings.utf_8_sig encodings.uu_codec encodings.zlib_codec
    ensurepip._uninstall html.entities html.parser http.client http.cookiejar http.cookies
    http.server importlib._abc importlib._bootstrap importlib._bootstrap_external importlib.abc
    importlib.machinery importlib.metadata importlib.metadata._adapters
    importlib.metadata._collections importlib.metadata._functools importlib.metadata._itertools
    importlib.metadata._meta importlib.metadata._text importlib.metadata.diagnose
    importlib.readers importlib.resources importlib.resources._adapters
    importlib.resources._common importlib.resources._functional importlib.resources._itertools
    importlib.resources.abc importlib.resources.readers importlib.resources.simple
    importlib.simple importlib.util json.decoder json.encoder json.scanner json.tool
    logging.config logging.handlers multiprocessing.connection multiprocessing.context
    multiprocessing.dummy multiprocessing.dummy.connection multiprocessing.forkserver
    multiprocessing.heap multiprocessing.managers multiprocessing.pool
    multiprocessing.popen_fork multiprocessing.popen_forkserver
    multiprocessing.popen_spawn_posix multiprocessing.popen_spawn_win32 multiprocessing.process
    multiprocessing.queues multiprocessing.reduction multiprocessing.resource_sharer
    multiprocessing.resource_tracker multiprocessing.shared_memory multiprocessing.sharedctypes
    multiprocessing.spawn multiprocessing.synchronize multiprocessing.util os.path pathlib._abc
    pathlib._local re._casefix re._compiler re._constants re._parser sqlite3.dbapi2 sqlite3.dump
    tkinter.colorchooser tkinter.commondialog tkinter.constants tkinter.dialog tkinter.dnd
    tkinter.filedialog tkinter.font tkinter.messagebox tkinter.scrolledtext tkinter.simpledialog
    tkinter.ttk tomllib._parser tomllib._re tomllib._types unittest._log unittest.async_case
    unittest.case unittest.loader unittest.main unittest.mock unittest.result unittest.runner
    unittest.signals unittest.suite unittest.util urllib.error urllib.parse urllib.request
    urllib.response urllib.robotparser wsgiref.handlers wsgiref.headers wsgiref.simple_server
    wsgiref.types wsgiref.util wsgiref.validate xml.dom xml.dom.NodeFilter xml.dom.domreg
    xml.dom.expatbuilder xml.dom.minicompat xml.dom.minidom xml.dom.pulldom xml.dom.xmlbuilder
    xml.etree xml.etree.ElementInclude xml.etree.ElementPath xml.etree.ElementTree
    xml.etree.cElementTree xml.parsers xml.parsers.expat xml.sax xml.sax._exceptions
    xml.sax.expatreader xml.sax.handler xml.sax.saxutils xml.sax.xmlreader xmlrpc.client
    xmlrpc.server zipfile._path zipfile._path.glob zoneinfo._common zoneinfo._tzpath
    zoneinfo._zoneinfo
    """.split()  # noqa: SIM905 -- as a list, it would have a line for each
)

# Names that Python 3.11 or 3.12 has in these modules, and 3.13 has not.
GONE_NAMES: Final = frozenset(
    """
    configparser.LegacyInterpolation configparser.SafeConfigParser importlib.find_loader
    importlib.abc.Finder importlib.util.module_for_loader importlib.util.set_loader
    importlib.util.set_package locale.format locale.resetlocale pkgutil.ImpImporter
    pkgutil.ImpLoader re.T re.TEMPLATE re.template sqlite3.enable_shared_cache
    ssl.RAND_pseudo_bytes ssl.match_hostname ssl.wrap_socket tokenize.ASYNC tokenize.AWAIT
    tokenize.StopTokenizing token.ASYNC token.AWAIT typing.io typing.re unittest.findTestCases
    unittest.getTestCaseNames unittest.load_tests unittest.makeSuite
    unittest.loader.findTestCases unittest.loader.getTestCaseNames unittest.loader.makeSuite
    webbrowser.Galeon webbrowser.Grail webbrowser.Netscape sre_compile.SRE_FLAG_TEMPLATE
    sre_constants.SRE_FLAG_TEMPLATE sre_parse.SRE_FLAG_TEMPLATE sre_parse.expand_template
    """.split()  # noqa: SIM905 -- as a list, it would have a line for each
)

# Modules that older versions have, and the package that has the same module today. "" has none.
# The packages named `standard-` are made from Python's own code.
GONE_MODULES: Final = {
    **{
        name: f"standard-{name}"
        for name in (
            *("aifc", "asynchat", "asyncore", "cgi", "cgitb", "chunk", "crypt", "distutils"),
            *(
                "imghdr",
                "mailcap",
                "nntplib",
                "pipes",
                "smtpd",
                "sndhdr",
                "sunau",
                "telnetlib",
                "uu",
            ),
            "xdrlib",
        )
    },
    "audioop": "audioop-lts",
    **dict.fromkeys(("imp", "lib2to3", "msilib", "nis", "ossaudiodev", "spwd"), ""),
}

# The runtime has boto3 and what that needs (Lambda guide, "Working with .zip file archives for
# Python Lambda functions"), Lambda's own client, and the hooks of SnapStart (Lambda guide, "Lambda
# SnapStart runtime hooks for Python").
RUNTIME_PACKAGES: Final = {
    "boto3": "boto3",
    "botocore": "botocore",
    "s3transfer": "s3transfer",
    "jmespath": "jmespath",
    "python-dateutil": "dateutil",
    "six": "six",
    "urllib3": "urllib3",
}
RUNTIME: Final = frozenset({*RUNTIME_PACKAGES.values(), "awslambdaric", "snapshot_restore_py"})

# What the program that deploys needs, and no Lambda has.
PROGRAM_PACKAGES: Final = frozenset({"pulumi", "pulumi-aws"})

# What `sys.version_info` and its likes are there.
VERSION_INFO: Final = (3, 13, 0, "final", 0)
PLATFORM: Final = "linux"
# The Python that runs this program. Its parser reads our modules.
THIS_PYTHON: Final = f"Python {sys.version_info.major}.{sys.version_info.minor}"
