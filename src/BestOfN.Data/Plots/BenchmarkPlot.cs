using BestOfN.Data.Benchmarks;
using ScottPlot;

namespace BestOfN.Data.Plots;

/// <summary>The figures of a benchmark, one below the other, each with its 95 % interval.</summary>
public static class BenchmarkPlot
{
    private const int Width = 900;
    private const int HeightPerFigure = 28;

    /// <summary>Writes an SVG, whole or not at all.</summary>
    public static void WriteSvg(string title, IReadOnlyList<BenchmarkFigure> figures, string path)
    {
        ArgumentNullException.ThrowIfNull(figures);
        AtomicFile.Write(
            path, System.Text.Encoding.UTF8.GetBytes(Draw(title, figures).GetSvgXml(Width, 120 + HeightPerFigure * figures.Count)));
    }

    internal static Plot Draw(string title, IReadOnlyList<BenchmarkFigure> figures)
    {
        var plot = PlotStyle.New(title, "in %", "");
        var places = figures.Select((_, i) => (double)(figures.Count - i)).ToArray();
        foreach (var (figure, y) in figures.Zip(places))
        {
            if (figure.Interval is { } interval)
            {
                var line = plot.Add.Line(100 * interval.Low, y, 100 * interval.High, y);
                (line.LineColor, line.LineWidth) = (PlotStyle.Blue.WithAlpha(0.5), 3);
            }

            plot.Add.Marker(100 * figure.Value, y, MarkerShape.FilledCircle, 8, PlotStyle.Blue);
        }

        plot.Axes.Left.SetTicks(places, [.. figures.Select(figure => figure.Name)]);
        plot.Axes.SetLimits(0, 100, 0.4, figures.Count + 0.6);
        return plot;
    }
}
