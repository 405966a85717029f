namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>What the protocol has no field for.</summary>
/// <param name="Generator">Null where the candidates come from a server, or the model is not loaded yet.</param>
/// <param name="RewardModel">Null where there is none, or it is not loaded yet.</param>
public sealed record ModelReport(ModelComputationReport? Generator, ModelComputationReport? RewardModel);
