using BestOfN.Core.Selection;
using BestOfN.Testing.Fakes;

namespace BestOfN.Core.Tests.Selection;

/// <summary>A flawed answer wins only if nothing better is there.</summary>
public sealed class FlawTests
{
    private const string Refusing = """{"role":"assistant","content":null,"refusal":"I will not."}""";

    public static TheoryData<string> Strategies => [.. SelectionStrategies.BuiltIn.Select(strategy => strategy.Name)];

    [Theory, MemberData(nameof(Strategies))]
    public async Task The_worse_the_flaw_the_later_the_place_whatever_the_score_and_the_number_of_votes(string strategy)
    {
        var generator = new FakeGenerator(
            "", "", new FakeCandidate("long and cut") { FinishReason = "length" }, new FakeCandidate("") { Message = Refusing }, "good");
        var reward = FakeRewardModel.Scoring(("", 9), ("long and cut", 8), ("I will not.", 7), ("good", -9));
        var selection = await Selectors.SelectAsync(generator, reward, 5, strategy);

        Assert.Equal(4, selection.Winner.Index);
        if (strategy is not (SelectionStrategies.First or SelectionStrategies.MajorityVote)) // those do not wait for what cannot win
        {
            Assert.Equal([4, 3, 2, 0, 1], selection.Candidates.Select(candidate => candidate.Index));
            Assert.Equal(["empty:0", "empty:1", "cut_off:2", "refusal:3"], selection.Degraded);
        }
    }

    [Theory, MemberData(nameof(Strategies))]
    public async Task The_least_flawed_wins_where_nothing_better_is_there(string strategy)
    {
        var generator = new FakeGenerator("", new FakeCandidate("") { Message = Refusing }, "");
        var selection = await Selectors.SelectAsync(generator, new FakeRewardModel(_ => 0), 3, strategy);
        Assert.Equal(1, selection.Winner.Index);
        Assert.Equal(AnswerFlaw.Refusal, selection.Winner.Flaw);
    }

    [Fact]
    public async Task A_single_candidate_is_passed_on_with_its_flaw_which_is_told_to_those_who_ask()
    {
        var request = Selectors.Request(new FakeGenerator(""), FakeRewardModel.ByLength(), 1);
        Assert.Empty((await Selectors.With().SelectAsync(request, TestContext.Current.CancellationToken)).Degraded);
        Assert.Equal(
            ["empty:0"],
            (await Selectors.With().SelectAsync(request with { WantsScores = true }, TestContext.Current.CancellationToken)).Degraded);
    }

    [Fact]
    public async Task A_call_of_a_tool_is_not_an_empty_answer()
    {
        var calling = new FakeCandidate("")
        {
            FinishReason = "tool_calls",
            Message = """{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}""",
        };
        var selection = await Selectors.SelectAsync(new FakeGenerator("", calling), new FakeRewardModel(_ => 0), 2);
        Assert.Equal(1, selection.Winner.Index);
    }
}
