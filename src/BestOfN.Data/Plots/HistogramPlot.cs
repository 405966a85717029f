namespace BestOfN.Data.Plots;

/// <summary>How often values were found, and a limit.</summary>
internal static class HistogramPlot
{
    private const int Width = 420;
    private const int Height = 220;
    private const double BarShare = 0.9;

    /// <returns>An SVG element without an XML declaration, for a page.</returns>
    /// <param name="title">Name of the values.</param>
    /// <param name="from">Where the first step begins.</param>
    /// <param name="width">Width of a step.</param>
    /// <param name="counts">How many values lie in each step.</param>
    /// <param name="limit">Steps left of it are marked; null: none.</param>
    public static string Svg(string title, double from, double width, IReadOnlyList<int> counts, double? limit)
    {
        var plot = PlotStyle.New(title, "", "");
        foreach (var (i, count) in counts.Index())
        {
            var centre = from + ((i + 0.5) * width);
            var bar = plot.Add.Bar(position: centre, value: count);
            (bar.Bars[0].Size, bar.Bars[0].LineWidth) = (BarShare * width, 0);
            bar.Color = centre < limit ? PlotStyle.Orange : PlotStyle.Blue;
        }

        if (limit is { } at && at > from)
        {
            plot.Add.VerticalLine(at, 1, PlotStyle.Orange);
        }

        plot.Axes.Title.Label.FontSize = 13;
        plot.Axes.Margins(bottom: 0);
        var svg = plot.GetSvgXml(Width, Height);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
    }
}
