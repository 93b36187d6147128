/// A value that only a template makes: something to call, or a namespace.
///
/// Namespaces are numbers into a table of the rendering, so that values never form a cycle and freeing them never
/// recurses deeper than `TemplateLimits.valueDepth`.
package struct TemplateObject: Sendable {
    enum Kind: Sendable, Equatable {
        case namespace(Int)
        case macro(Int)
        /// The body of a `call`, by its number in the rendering.
        case caller(Int)
        case function(TemplateFunction)
        /// A method that was named but not called.
        case method(String)
    }

    let kind: Kind

    var typeName: String {
        switch kind {
        case .namespace: "a namespace"
        case .macro: "a macro"
        case .caller: "a caller"
        case .function(let function): "the function '\(function.rawValue)'"
        case .method(let name): "the method '\(name)'"
        }
    }
}
