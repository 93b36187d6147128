extension String {
    /// The first `count` Unicode scalars: what others wrote may be of any length.
    package func beginning(scalars count: Int) -> String {
        String(UnicodeScalarView(unicodeScalars.prefix(count)))
    }
}
