namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>How a model in process computes.</summary>
/// <param name="Dtype">float32 or bfloat16.</param>
/// <param name="Repeatability">Whether results depend on what is computed beside them: <c>exact</c>, or for example <c>within
/// 0.1</c>.</param>
/// <param name="Kernels">One entry for each part.</param>
public sealed record ModelComputationReport(string Dtype, string Repeatability, IReadOnlyList<string> Kernels);
