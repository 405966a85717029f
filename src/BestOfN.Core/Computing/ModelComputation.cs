using System.Globalization;

namespace BestOfN.Core.Computing;

/// <summary>How a model in process computes on this machine: tried when it was loaded, not read from a list of processors.</summary>
/// <param name="Type"><c>float32</c> or <c>bfloat16</c>.</param>
/// <param name="IsExact">Whether a result is the same to the last bit whatever else is computed beside it.</param>
/// <param name="Tolerance">Where it is not: how far two results for the same input may lie apart, as a part of their size, or of 1 where
/// they are smaller.</param>
/// <param name="Kernels">Which kernels compute which part, and why not others; one entry for each part.</param>
public sealed record ModelComputation(string Type, bool IsExact, double Tolerance, IReadOnlyList<string> Kernels)
{
    /// <summary><c>exact</c>, or for example <c>within 0.0001</c>.</summary>
    public string Repeatability => IsExact ? "exact" : string.Create(CultureInfo.InvariantCulture, $"within {Tolerance}");
}
