using ScottPlot;

namespace BestOfN.Data.Plots;

/// <summary>One look for all plots.</summary>
internal static class PlotStyle
{
    // The colours of Okabe and Ito, which colour-blind people can tell apart, too.
    public static Color Blue { get; } = Color.FromHex("#0072B2");

    public static Color Orange { get; } = Color.FromHex("#D55E00");

    public static Color Green { get; } = Color.FromHex("#009E73");

    public static Color Grey { get; } = Color.FromHex("#7A7A7A");

    public static Plot New(string title, string xLabel, string yLabel)
    {
        var plot = new Plot();
        plot.Axes.Title.Label.Text = title;
        plot.Axes.Title.Label.FontSize = 17;
        plot.Axes.Bottom.Label.Text = xLabel;
        plot.Axes.Left.Label.Text = yLabel;
        foreach (var label in new[] { plot.Axes.Bottom.Label, plot.Axes.Left.Label, plot.Axes.Right.Label })
        {
            label.Bold = false;
            label.FontSize = 14;
        }

        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        return plot;
    }

    /// <summary>Puts the legend below the axes, where it covers no line. Must not be called for a
    /// plot without lines.</summary>
    public static void AddLegend(Plot plot)
    {
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 13;
    }
}
