using BestOfN.Core.Prompts;

namespace BestOfN.Core.Rewards;

/// <summary>A conversation that ends with the answer to be scored.</summary>
/// <param name="Prompt">The messages before the answer. Inputs with the same object share its computation; equal ones may.</param>
/// <param name="Answer">The answer; its index is not read.</param>
public sealed record ConversationInput(Prompt Prompt, Answer Answer) : RewardInput;
