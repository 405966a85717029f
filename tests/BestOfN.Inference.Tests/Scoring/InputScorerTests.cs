using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>Messages, text as it stands and token ids of one conversation have one reward, alone and in company.</summary>
public sealed class InputScorerTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly DeviceWorker _worker = new(CPU);
    private readonly ScoringEngine _engine;
    private readonly Prompt _prompt =
        new([new ChatMessage("system", "Answer briefly."), new ChatMessage("user", "What is the capital of France?")]);

    public InputScorerTests() => _engine = ScoringEngine.Load(
        "tiny", GoldenFiles.Folder("internlm2-reward/gqa"), ScalarType.Float32, _worker, new ScoringOptions(), digests: true);

    public void Dispose()
    {
        _engine.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public async Task All_forms_of_an_input_have_the_reward_of_its_conversation()
    {
        var answer = new Answer(0, "Paris.");
        await using var session = ((IRewardModel)_engine).Begin(_prompt);
        var expected = (await session.ScoreAsync([answer], TestContext.Current.CancellationToken))[0]!.Value.Value;
        var ids = _engine.Encoder.Encode(_prompt.Messages, answer).Ids;
        const string Text = "<|im_start|>system\nAnswer briefly.<|im_end|>\n<|im_start|>user\nWhat is the capital of France?<|im_end|>\n"
            + "<|im_start|>assistant\nParis.<|im_end|>\n";
        var rewards = await ScoreAsync(
            new ConversationInput(_prompt, answer), new TextInput(Text, AddsSpecialTokens: true),
                new TextInput("<s>" + Text, AddsSpecialTokens: true),
            new TokenInput(ids), new TokenInput(ids[..^1]));
        Assert.All(rewards, reward => Assert.Equal(expected, reward.Score!.Value, Tolerance));
        Assert.All(rewards, reward => Assert.Equal(ids.Length, reward.Tokens));
        Assert.Equal(64, _engine.Digest!.Length);
    }

    [Fact]
    public async Task A_reward_does_not_depend_on_what_is_scored_beside_it()
    {
        RewardInput[] inputs =
        [
            .. Enumerable.Range(1, 6).Select(i =>
                new ConversationInput(_prompt, new Answer(0, string.Concat(Enumerable.Repeat("Paris ", i))))),
            new ConversationInput(new Prompt([new ChatMessage("user", "2 + 2?")]), new Answer(0, "4")),
            .. Enumerable.Range(1, 4).Select(i =>
                new TextInput($"One beginning that is long enough to be shared by all of these texts, then {i * i}.", true)),
            new TokenInput([5, 6, 7]),
        ];
        var together = await ScoreAsync(inputs);
        foreach (var (input, reward) in inputs.Zip(together))
        {
            Assert.Equal((await ScoreAsync(input))[0].Score!.Value, reward.Score!.Value, Tolerance);
        }
    }

    [Fact]
    public async Task Texts_with_a_common_beginning_are_computed_once()
    {
        var beginning = string.Join(' ', Enumerable.Range(0, 60));
        var before = _engine.ComputedTokens;
        var rewards = await ScoreAsync([.. Enumerable.Range(0, 8).Select(i => new TextInput($"{beginning} so {i}", true))]);
        Assert.InRange(_engine.ComputedTokens - before, 1, rewards.Sum(reward => reward.Tokens) / 3);
    }

    [Fact]
    public async Task Long_inputs_have_no_reward_unless_they_are_cut()
    {
        var ids = Enumerable.Range(0, 40).Select(i => 5 + (i % 7)).ToArray();
        var limit = new InputLimit(MaxTokens: 20);
        Assert.Null((await _engine.ScoreAsync([new TokenInput(ids)], limit, TestContext.Current.CancellationToken))[0].Score);
        foreach (var keepsEnd in (bool[])[true, false])
        {
            var cut = (await _engine.ScoreAsync(
                [new TokenInput(ids)], limit with { Cuts = true, KeepsEnd = keepsEnd }, TestContext.Current.CancellationToken))[0];
            var kept = (await ScoreAsync(new TokenInput(keepsEnd ? ids[^19..] : ids[..19])))[0];
            Assert.True(cut.IsCut);
            Assert.Equal(kept.Score!.Value, cut.Score!.Value, Tolerance);
        }
    }

    [Fact]
    public async Task Ids_outside_the_vocabulary_are_the_callers_mistake() => Assert.Equal(
        FailureKind.InvalidRequest,
        (await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(new TokenInput([5, 1 << 30])))).Failure.Kind);

    private Task<IReadOnlyList<InputReward>> ScoreAsync(params RewardInput[] inputs) =>
        _engine.ScoreAsync(inputs, InputLimit.None, TestContext.Current.CancellationToken);
}
