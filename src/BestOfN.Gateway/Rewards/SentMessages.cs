using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Rewards;

/// <summary>A conversation that came as messages.</summary>
/// <param name="Prompt">The messages before the answer; inputs with the same object share its computation.</param>
/// <param name="Answer">The answer.</param>
internal sealed record SentMessages(Prompt Prompt, Answer Answer) : UnreadInput;
