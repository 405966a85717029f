namespace BestOfN.Data.Benchmarks;

/// <param name="Margin">Least score of a correct answer less the greatest of a wrong one.</param>
/// <param name="Spread">Greatest less least score of the correct answers.</param>
internal sealed record TiesMargin(double Margin, double Spread);
