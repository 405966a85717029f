namespace BestOfN.Inference.Kernels;

/// <summary>Sums over a softmax row, known once its numerators were computed.</summary>
/// <param name="Sum">Sum of exp(x − max) over the row.</param>
/// <param name="LogSumExp">Log-sum-exp of the scaled inputs.</param>
internal readonly record struct SoftmaxSums(float Sum, float LogSumExp);
