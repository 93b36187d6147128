/// A file of the page that the gateway serves at `/`, as it is part of the program.
struct PageFile: Sendable {
    /// Its media type.
    let type: String
    /// Its content.
    let bytes: [UInt8]

    private init(_ type: String, _ bytes: [UInt8]) { (self.type, self.bytes) = (type, bytes) }

    /// What a browser may load into the page: nothing from elsewhere, and no code but the files here.
    static let securityPolicy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// All of them, by path.
    static let all: [String: PageFile] = [
        "/answer.js": PageFile("text/javascript; charset=utf-8", PackageResources.answer_js),
        "/api.js": PageFile("text/javascript; charset=utf-8", PackageResources.api_js),
        "/app.js": PageFile("text/javascript; charset=utf-8", PackageResources.app_js),
        "/chat.js": PageFile("text/javascript; charset=utf-8", PackageResources.chat_js),
        "/cluster.js": PageFile("text/javascript; charset=utf-8", PackageResources.cluster_js),
        "/compare.js": PageFile("text/javascript; charset=utf-8", PackageResources.compare_js),
        "/dom.js": PageFile("text/javascript; charset=utf-8", PackageResources.dom_js),
        "/frontier.js": PageFile("text/javascript; charset=utf-8", PackageResources.frontier_js),
        "/icon.svg": PageFile("image/svg+xml", PackageResources.icon_svg),
        "/": PageFile("text/html; charset=utf-8", PackageResources.index_html),
        "/plots.js": PageFile("text/javascript; charset=utf-8", PackageResources.plots_js),
        "/rules.js": PageFile("text/javascript; charset=utf-8", PackageResources.rules_js),
        "/settings.js": PageFile("text/javascript; charset=utf-8", PackageResources.settings_js),
        "/style.css": PageFile("text/css; charset=utf-8", PackageResources.style_css),
        "/tokens.js": PageFile("text/javascript; charset=utf-8", PackageResources.tokens_js),
        "/views.css": PageFile("text/css; charset=utf-8", PackageResources.views_css),
        "/why.js": PageFile("text/javascript; charset=utf-8", PackageResources.why_js),
        "/words.js": PageFile("text/javascript; charset=utf-8", PackageResources.words_js),
    ]
}
