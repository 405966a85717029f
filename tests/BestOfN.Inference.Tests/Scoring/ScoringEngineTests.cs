using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Scoring;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>From text to rewards, against the reference.</summary>
public sealed class ScoringEngineTests
{
    private const double Tolerance = 1e-4;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> InternLM2 => ["internlm2-reward/gqa", "internlm2-reward/mha", "internlm2-reward/rope-linear"];

    [Theory, MemberData(nameof(InternLM2))]
    public async Task Conversations_score_like_the_reference_all_at_once(string folder)
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = ScoringEngine.Load("tiny", GoldenFiles.Folder(folder), ScalarType.Float32, worker, new ScoringOptions());
        var scores = await Task.WhenAll(Conversations(folder).Select(async c =>
        {
            await using var session = ((IRewardModel)engine).Begin(new Prompt(c[..^1]));
            return (await session.ScoreAsync([new Answer(0, c[^1].Text)], Cancelled))[0]!.Value.Value;
        }));
        Assert.Equal(Rewards(folder), scores, (a, b) => Math.Abs(a - b) <= Tolerance);
    }

    [Fact]
    public void A_reward_model_is_loaded_and_put_in_order_by_the_devices_own_thread()
    {
        using var worker = new DeviceWorker(CPU, ownKernels: false);
        var before = Made();
        using var engine = ScoringEngine.Load(
            "tiny", GoldenFiles.Folder("internlm2-reward/gqa"), ScalarType.Float32, worker, new ScoringOptions());
        Assert.Equal(before, Made());
        Assert.Contains("norms, rotations and gates: libtorch, because own kernels are turned off", engine.Computation!.Kernels);

        static long Made() => TorchSharp.DisposeScopeManager.Statistics.CreatedInScopeCount
            + TorchSharp.DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
    }

    [Fact]
    public async Task A_partial_answer_is_scored_without_its_closing_tokens_and_extending_it_gives_the_score_of_the_whole()
    {
        const string Folder = "internlm2-reward/gqa";
        using var worker = new DeviceWorker(CPU);
        using var engine = ScoringEngine.Load("tiny", GoldenFiles.Folder(Folder), ScalarType.Float32, worker, new ScoringOptions());
        var conversation = Conversations(Folder)[3];
        var text = conversation[^1].Text;
        await using var session = engine.Begin(new Prompt(conversation[..^1]));
        foreach (var length in (int[])[0, 9, 10, 30, text.Length - 1])
        {
            var sequence = engine.Encoder.Encode(conversation[..^1], new Answer(0, text[..length], IsComplete: false));
            Assert.DoesNotContain(4, sequence.Ids.Skip(Array.LastIndexOf(sequence.Ids, 5)));   // no <|im_end|> behind the last <|im_start|>
            Assert.Equal(3, sequence.Ids[^1]);                                                 // the reward token
            var partial = await session.ScoreAsync([new Answer(0, text[..length], IsComplete: false)], Cancelled);
            var expected = await worker.RunAsync(() => ReferenceScores.AtLast(engine.Network, sequence.Ids), Cancelled);
            Assert.Equal(expected, partial[0]!.Value.Value, Tolerance);
        }

        var whole = await session.ScoreAsync([new Answer(0, text)], Cancelled);
        Assert.Equal(Rewards(Folder)[3], whole[0]!.Value.Value, Tolerance);
        Assert.True(engine.ReusedTokens > 0);
    }

    [Theory]
    [InlineData(StepAggregation.Last, "last")]
    [InlineData(StepAggregation.Min, "min")]
    [InlineData(StepAggregation.Product, "product")]
    public async Task Steps_are_rewarded_one_by_one_and_together(StepAggregation aggregation, string field)
    {
        const string Folder = "qwen2-prm/steps";
        using var fixture = new ScoringFixture(Folder);
        using var worker = new DeviceWorker(CPU);
        using var engine = StepEngine(worker, new ScoringOptions { StepReward = aggregation, TokensPerPass = 16 });
        var inputs = GoldenFiles.Read(Folder, "inputs.json").GetProperty("samples");
        var expected = GoldenFiles.Read(Folder, "expected.json").GetProperty("samples");
        for (var i = 0; i < inputs.GetArrayLength(); i++)
        {
            await using var session = engine.Begin([]);
            var reward = Assert.Single(await session.RewardAsync([[.. GoldenFiles.Ids(inputs[i]).Select(id => (int)id)]], Cancelled));
            Assert.Equal(expected[i].GetProperty(field).GetDouble(), reward.Score, Tolerance);
            Assert.Equal(GoldenFiles.Floats(expected[i].GetProperty("step_rewards")).Select(r => (double)r),
                reward.Steps, (a, b) => Math.Abs(a - b) <= Tolerance);
        }
    }

    [Fact]
    public void An_answer_is_cut_into_steps_at_blank_lines_or_at_the_token_the_text_spells()
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = StepEngine(worker, new ScoringOptions());
        IReadOnlyList<ChatMessage> prompt = [new("user", "q")];
        var sequence = engine.Encoder.Encode(prompt, new Answer(0, "ab\n\nc\n\n"));
        Assert.Equal([1, 'q', 2, 1, 'a', 'b', 350, 'c', 350], sequence.Ids);
        Assert.Equal([6, 8], sequence.Rows);
        Assert.Equal(sequence.Ids, engine.Encoder.Encode(prompt, new Answer(0, "ab<extra_0>c<extra_0>")).Ids);
        Assert.Equal([1, 'q', 2, 1, 350], engine.Encoder.Encode(prompt, new Answer(0, "")).Ids);
    }

    [Fact]
    public async Task A_conversation_that_the_template_refuses_fails_when_it_is_scored()
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = StepEngine(worker, new ScoringOptions());
        await using var session = ((IRewardModel)engine).Begin(new Prompt([new("tool", "no")]));
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => session.ScoreAsync([new Answer(0, "a")], Cancelled));
        Assert.Contains("no role tool", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_long_has_no_score_and_its_siblings_keep_theirs()
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = StepEngine(worker, new ScoringOptions());
        await using var session = engine.Begin(new Prompt([new("user", "q")]));
        var scores = await session.ScoreAsync(
            [new Answer(0, "a"), new Answer(1, new string('x', engine.MaxLength)), new Answer(2, "b"),
                new Answer(3, new string('x', 100 * engine.MaxLength))], Cancelled);
        Assert.Equal([true, false, true, false], scores.Select(score => score is not null));
        var alone = Assert.Single(await session.ScoreAsync([new Answer(2, "b")], Cancelled));
        Assert.Equal(alone!.Value.Value, scores[2]!.Value.Value, Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task A_prompt_that_is_too_long_is_told_before_anything_is_scored(int times)
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = StepEngine(worker, new ScoringOptions());
        await using var session = engine.Begin(new Prompt([new("user", new string('x', times * engine.MaxLength))]));
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => session.SeePromptAsync(Cancelled));
        Assert.Equal("context_length_exceeded", failure.Failure.Code);
        Assert.Contains($"{engine.MaxLength}", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, engine.ComputedTokens);
    }

    internal static IReadOnlyList<ChatMessage[]> Conversations(string folder) =>
        [.. GoldenFiles.Read(folder, "inputs.json").GetProperty("samples").EnumerateArray()
            .Select(s => s.GetProperty("messages").EnumerateArray()
            .Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!)).ToArray())];

    internal static double[] Rewards(string folder) =>
        [.. GoldenFiles.Read(folder, "expected.json").GetProperty("samples")
            .EnumerateArray().Select(s => s.GetProperty("reward").GetDouble())];

    /// <summary>The step-reward fixture brings no tokenizer: letters are their own ids, 1 opens a message and 2 closes it.</summary>
    private static ScoringEngine StepEngine(DeviceWorker worker, ScoringOptions options)
    {
        var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen2-prm/steps"), ScalarType.Float32, CPU);
        var encoder = new ConversationEncoder(Render, new Letters(), [], network.ScoresSteps, network.StepTokenId);
        return new ScoringEngine("steps", network, encoder, worker, options);

        static IReadOnlyList<int> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
        {
            var ids = messages.SelectMany(
                m => m.Role == "tool" ? throw new InvalidDataException("no role tool") : m.Text.Select(c => (int)c).Prepend(1).Append(2));
            return [.. addGenerationPrompt ? ids.Append(1) : ids];
        }
    }

    private sealed class Letters : ITokenizer
    {
        public int VocabularySize => 400;

        public int? BosId => null;

        public int? EosId => null;

        public int? PadId => null;

        public IReadOnlyDictionary<string, int> SpecialTokens { get; } = new Dictionary<string, int>();

        public IReadOnlyList<int> Encode(string text) => [.. text.Select(c => (int)c)];

        public string Decode(IReadOnlyList<int> ids) => string.Concat(ids.Select(i => (char)i));

        public ReadOnlySpan<byte> BytesOf(int id) => [];
    }
}
