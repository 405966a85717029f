using System.Diagnostics.Metrics;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BestOfN.Core.Tests.Selection;

/// <summary>Selectors and requests with everything that a test does not care about.</summary>
internal static class Selectors
{
    public static BestOfNSelector With(TimeProvider? time = null) => new(
        new SelectionStrategies(SelectionStrategies.BuiltIn), new SelectionTelemetry(new Meters()), time ?? TimeProvider.System,
        NullLogger<BestOfNSelector>.Instance);

    public static SelectionRequest Request(
        IGenerator generator, IRewardModel? rewardModel, int candidates, string strategy = SelectionStrategies.Reward) => new()
    {
        Generator = generator,
        RewardModel = rewardModel,
        Strategy = strategy,
        TimeBudget = TimeSpan.FromSeconds(10),
        Generation = new GenerationRequest
        {
            Prompt = new Prompt([new ChatMessage("user", "2 + 2?")]),
            Model = "m",
            Candidates = candidates,
        },
    };

    public static Task<SelectionResult> SelectAsync(
        IGenerator generator, IRewardModel? rewardModel, int candidates, string strategy = SelectionStrategies.Reward) =>
        With().SelectAsync(Request(generator, rewardModel, candidates, strategy), TestContext.Current.CancellationToken);

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
