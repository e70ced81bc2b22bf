/**
 * Owns the list of other parsers' cases that ours decides otherwise, by reason; `peers_test.ts` keeps it true.
 *
 * @module
 */

/** The cases by the reason for which ours decides otherwise. */
export const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {
  "Bare LF ends no line: the leniency of RFC 9112 §2.2 is a MAY that lets two recipients see different messages": [
    "h11/lf_in_headers",
    "httparse/test_request_newlines",
    "httparse/test_request_empty_lines_prefix_lf_only",
    "httparse/test_response_empty_lines_prefix_lf_only",
    "picohttpparser/response_16",
    "llhttp/request/invalid/22",
    "llhttp/response/invalid/17",
    "llhttp/response/invalid/19",
    "llhttp/response/sample/12",
  ],
  "A CR without LF ends no line, in no mode (RFC 9112 §2.2)": [
    "llhttp/request/transfer-encoding/27",
  ],
  "obs-fold in a request is answered 400, as RFC 9112 §5.2 lets a server choose": [
    "gunicorn/valid_compat_obs_fold",
    "h11/obs_fold",
    "picohttpparser/request_05",
    "llhttp/request/connection/13",
    "llhttp/request/sample/18",
  ],
  "Whitespace before the colon is refused: RFC 9112 §5.1 is a MUST": [
    "gunicorn/valid_028",
    "llhttp/request/connection/17",
    "llhttp/request/content-length/07",
  ],
  "A control character in a value is refused; that mode of the peer keeps it (RFC 9110 §5.5)": [
    "llhttp/request/lenient-header-value-relaxed/01",
    "llhttp/request/lenient-headers/02",
  ],
  "The parts of a request line have one SP between them: other whitespace is a MAY of RFC 9112 §3": [
    "picohttpparser/request_34",
  ],
  "A fragment, a quote, a brace in the path are no characters of a request target (RFC 9112 §3.2, RFC 3986 §3.3)": [
    "gunicorn/valid_005",
    "gunicorn/valid_014",
    "httparse/urltest_nvidia",
    "llhttp/request/transfer-encoding/18",
    "llhttp/request/transfer-encoding/19",
    "llhttp/request/transfer-encoding/21",
    "llhttp/request/uri/08",
  ],
  "The target is none of the four forms of RFC 9112 §3.2; the peer looks at its characters only": [
    "httparse/urltest_056",
    "httparse/urltest_058",
    "httparse/urltest_059",
    "httparse/urltest_067",
    "httparse/urltest_119",
    "httparse/urltest_130",
    "httparse/urltest_131",
    "httparse/urltest_133",
    "httparse/urltest_145",
    "httparse/urltest_146",
    "httparse/urltest_148",
    "httparse/urltest_149",
    "httparse/urltest_169",
    "httparse/urltest_175",
    "httparse/urltest_176",
    "httparse/urltest_232",
    "httparse/urltest_244",
    "httparse/urltest_245",
    "httparse/urltest_248",
    "llhttp/request/method/15",
  ],
  "Userinfo in a target is refused, as RFC 9110 §4.2.4 advises": [
    "gunicorn/valid_rfc9112_target_absolute_userinfo_01",
  ],
  "Another protocol, or a version that is not 1 (RFC 9110 §2.5: 505), or none, is not HTTP/1": [
    "llhttp/request/lenient-version/01",
    "llhttp/request/method/12",
    "llhttp/request/method/13",
    "llhttp/request/sample/10",
    "llhttp/response/lenient-version/01",
    "llhttp/response/sample/02",
    "llhttp/response/sample/03",
    "llhttp/response/sample/18",
  ],
  "An empty line before a status line is refused: RFC 9112 §2.2 has a server ignore one, and no client": [
    "llhttp/response/connection/15",
    "llhttp/response/pipelining/01",
    "llhttp/response/sample/20",
  ],
  "A transfer coding but chunked is not implemented (RFC 9112 §6.1: 501), or nothing may stand beside chunked": [
    "gunicorn/valid_025_line",
    "gunicorn/valid_029",
    "gunicorn/valid_rfc9112_smuggle_gzip_chunked_01",
    "hyper/request_05",
    "hyper/request_09",
    "hyper/response_09",
    "llhttp/request/content-length/08",
    "llhttp/response/transfer-encoding/03",
    "llhttp/response/transfer-encoding/04",
    "llhttp/response/transfer-encoding/10",
  ],
  "Transfer-Encoding with Content-Length is refused, as RFC 9112 §6.1 lets a server choose": [
    "hyper/request_08",
  ],
  "A request's Content-Length may not repeat, even equal: RFC 9112 §6.3 lets a server choose": [
    "hyper/request_11",
  ],
  "Whitespace before CRLF, or an extension without a name, is not in the grammar of a chunk (RFC 9112 §7.1.1)": [
    "httparse/chunk_size_04",
    "hyper/chunk_size_07",
    "hyper/chunk_size_19",
    "hyper/chunk_size_22",
    "llhttp/request/transfer-encoding/31",
  ],
  "A size beyond 2^53 - 1 is no exact number here": [
    "httparse/chunk_size_10",
  ],
  "The trailer section drops what may not stand there (RFC 9110 §6.5.1); the peer refuses or keeps it": [
    "gunicorn/invalid_rfc9110_trailer_forbidden_host_01",
    "gunicorn/invalid_rfc9110_trailer_forbidden_te_01",
    "llhttp/request/transfer-encoding/06",
  ],
  "The limits are others: 16 KiB of a head and 100 fields here": [
    "gunicorn/valid_024",
    "gunicorn/invalid_007",
    "gunicorn/invalid_008",
    "gunicorn/invalid_010",
    "gunicorn/invalid_011",
    "gunicorn/invalid_017",
    "gunicorn/invalid_limit_header_default_01",
  ],
  "A gateway's rules, not HTTP's: names with an underscore, forwarded schemes, case of methods, two Content-Types": [
    "gunicorn/valid_031compat",
    "gunicorn/valid_040",
    "gunicorn/invalid_019",
    "gunicorn/invalid_040",
    "gunicorn/invalid_041",
    "gunicorn/invalid_chunked_07",
  ],
  "The method is any token: which are implemented, the server says (RFC 9110 §9.1)": [
    "llhttp/request/invalid/04",
    "llhttp/request/invalid/14",
  ],
  "Whether the input ends here, the codec isn't told: the head is incomplete": [
    "gunicorn/invalid_001",
  ],
  "After close the codec is asked no more: what follows is the connection's to drop (RFC 9112 §9.6)": [
    "llhttp/request/connection/10",
    "llhttp/response/connection/06",
  ],
  "Whether the protocol is switched, the server says (RFC 9110 §7.8): the codec reads on as HTTP": [
    "llhttp/request/connection/14",
    "llhttp/request/connection/20",
  ],
  "The peer was told to skip the content that is announced": [
    "llhttp/request/content-length/16",
    "llhttp/response/content-length/03",
  ],
  "The case leaves out the name of its field": [
    "picohttpparser/response_28",
  ],
};
