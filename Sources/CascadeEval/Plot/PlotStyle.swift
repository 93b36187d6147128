/// The look of a series: colour and shape differ both, so that either is enough to tell series apart.
struct PlotStyle: Sendable, Equatable {
    /// The form of a point's mark.
    enum Shape: CaseIterable, Sendable {
        case circle
        case square
        case triangle
        case diamond
        case cross
        case invertedTriangle
        case plus
    }

    /// Colours that people with any colour vision tell apart on white: M. Okabe and K. Ito, "Color universal design"
    /// (2008), without its yellow, which is too light for a white ground.
    static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

    /// The same colours with every channel at 62 %: as text the light ones lack contrast (WCAG 2.1 asks for 4.5 : 1).
    static let textColours = ["#00476E", "#843A00", "#006247", "#7E4B68", "#8F6300", "#357090", "#000000"]

    /// The colour of marks and lines, in SVG's notation.
    let colour: String
    /// The colour of texts.
    let textColour: String
    let shape: Shape

    /// The look of the series with number `index`; 49 different ones.
    init(index: Int) {
        let (round, place) = index.quotientAndRemainder(dividingBy: Self.colours.count)
        colour = Self.colours[place]
        textColour = Self.textColours[place]
        shape = Shape.allCases[(place + round) % Shape.allCases.count]
    }
}
