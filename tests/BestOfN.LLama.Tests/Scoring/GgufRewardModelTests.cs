using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Gguf;
using BestOfN.LLama.Models;
using BestOfN.LLama.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.LLama.Tests.Scoring;

public sealed class GgufRewardModelTests
{
    private static readonly string[] s_answers = ["42", "12 + 30 = 42", "It is 41.", "", "42", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scores_are_those_of_the_engine_of_folders()
    {
        using var judge = Load();
        using var worker = new DeviceWorker(CPU);
        using var folder = ScoringEngine.Load("folder", TestModels.PocketReward, ScalarType.Float32, worker, new());
        foreach (var question in (string[])["How much is 12 + 30?", "Which two of 24 1 28 13 26 21 add up to 47?"])
        {
            var prompt = new Prompt([new ChatMessage("user", question)]);
            await using var session = judge.Begin(prompt);
            await using var expected = folder.Begin(prompt);
            var answers = s_answers.Select((text, i) => new Answer(i, text, IsComplete: i % 3 != 2)).ToArray();
            var (ours, theirs) = (await expected.ScoreAsync(answers, Token), await session.ScoreAsync(answers, Token));
            Assert.All(ours.Zip(theirs), pair => Assert.Equal(pair.First!.Value.Value, pair.Second!.Value.Value, 1e-3));
            Assert.Equal(theirs[0], theirs[4]);      // equal texts
            var again = await session.ScoreAsync([answers[1]], Token);
            Assert.Equal(theirs[1]!.Value.Value, again[0]!.Value.Value, 1e-4);
        }
    }

    [Fact]
    public async Task Conversations_texts_and_token_ids_have_the_rewards_of_the_engine_of_folders()
    {
        using var judge = Load();
        using var worker = new DeviceWorker(CPU);
        using var folder = ScoringEngine.Load("folder", TestModels.PocketReward, ScalarType.Float32, worker, new());
        var prompt = new Prompt([new ChatMessage("user", "How much is 12 + 30?")]);
        var ids = folder.Encoder.Encode(prompt.Messages, new Answer(0, "42")).Ids;
        const string Beginning = "Which two of 24 1 28 13 26 21 add up to 47? Tell me at once.";
        RewardInput[] inputs =
        [
            .. s_answers.Select(text => new ConversationInput(prompt, new Answer(0, text))), new TokenInput(ids),
            .. Enumerable.Range(20, 4).Select(i => new TextInput($"{Beginning} {i} + 21", AddsSpecialTokens: true)),
            new ConversationInput(new Prompt([new ChatMessage("user", "2 + 2?")]), new Answer(0, "4")),
        ];
        var expected = await folder.ScoreAsync(inputs, InputLimit.None, Token);
        var found = await judge.ScoreAsync(inputs, InputLimit.None, Token);
        Assert.All(expected.Zip(found), pair =>
        {
            Assert.Equal(pair.First.Score!.Value, pair.Second.Score!.Value, 1e-3);
            Assert.Equal(pair.First.Tokens, pair.Second.Tokens);
        });
        Assert.Equal(expected[0].PromptTokens, found[0].PromptTokens);
        Assert.Equal(found[0].Score, found[4].Score);      // equal conversations
        Assert.Equal("LABEL_0", judge.Label);

        var before = judge.ComputedTokens;
        var texts = await judge.ScoreAsync([.. inputs.OfType<TextInput>()], InputLimit.None, Token);
        Assert.InRange(judge.ComputedTokens - before, 1, texts.Sum(text => text.Tokens) / 2);
    }

    [Fact]
    public async Task Long_inputs_have_no_reward_unless_they_are_cut()
    {
        using var judge = Load();
        var (ids, limit) = (Enumerable.Range(0, 40).Select(i => 5 + (i % 7)).ToArray(), new InputLimit(MaxTokens: 20));
        Assert.Null((await judge.ScoreAsync([new TokenInput(ids)], limit, Token))[0].Score);
        var prompt = new Prompt([new ChatMessage("user", "12 + 30 = 42, 12 + 30 = 42, 12 + 30 = 42, or is it?")]);
        foreach (var keepsEnd in (bool[])[true, false])
        {
            var cut = await judge.ScoreAsync(
                [new TokenInput(ids), new ConversationInput(prompt, new Answer(0, "Yes."))],
                limit with { Cuts = true, KeepsEnd = keepsEnd }, Token);
            Assert.All(cut, reward => Assert.True(reward is { IsCut: true, Score: not null, Tokens: > 20 }));

            // Two tokens end what the pocket model reads.
            var kept = (await judge.ScoreAsync([new TokenInput(keepsEnd ? ids[^18..] : ids[..18])], InputLimit.None, Token))[0];
            Assert.Equal(kept.Score!.Value, cut[0].Score!.Value, 1e-4);
        }

        await Assert.ThrowsAsync<ScoringFailedException>(() => judge.ScoreAsync([new TokenInput([5, 1 << 30])], limit, Token));
        var picture = new Prompt([new ChatMessage("user", [new ImagePart(new byte[] { 1 })])]);
        await Assert.ThrowsAsync<ScoringFailedException>(
            () => judge.ScoreAsync([new ConversationInput(picture, new Answer(0, "A cat"))], limit, Token));
    }

    [Theory]
    [InlineData("llama-seqcls/plain")]
    [InlineData("qwen2-seqcls/plain")]
    [InlineData("qwen3-seqcls/plain")]
    [InlineData("internlm2-reward/gqa")]
    [InlineData("qwen2-rm/two-layer-head")]
    public void Forks_of_a_prompt_that_is_read_once_have_the_rewards_of_the_reference(string folder)
    {
        TestModels.SkipWithoutLlama();
        var path = TestModels.Golden(folder);
        using var model = GgufModel.Load(GgufFile.Open(path), new(512, 8, 16, IsExact: true, "cpu", ReadsStates: true));
        var scorer = new GgufScorer(model, RewardHeadFile.Load(TestModels.HeadOf(path), model.HiddenSize), 8);
        var samples = GoldenFiles.Read(folder, "expected.json").GetProperty("samples");
        var inputs = folder.StartsWith("internlm2", StringComparison.Ordinal) ? samples
            : GoldenFiles.Read(folder, "inputs.json").GetProperty("samples");
        for (var i = 0; i < samples.GetArrayLength(); i++)
        {
            var ids = Array.ConvertAll(GoldenFiles.Ids(inputs[i]), id => (int)id);
            var prompt = new ReadPrompt(ids[..(ids.Length / 2)]);
            scorer.Read(prompt);
            var before = scorer.ComputedTokens;
            var rewards = scorer.Score(prompt, [ids, [.. ids[..^1], (ids[^1] + 1) % 400], ids, ids]);
            Assert.Equal(4 * (ids.Length - prompt.Ids.Count), scorer.ComputedTokens - before);
            var expected = samples[i].GetProperty("reward").GetDouble();
            Assert.All([rewards[0], rewards[2], rewards[3]], reward => Assert.Equal(expected, reward, 1e-4));
            scorer.Forget(prompt);
        }
    }

    [Fact]
    public async Task A_prompt_is_read_once_and_its_memory_comes_back()
    {
        using var judge = Load(tokens: 256);
        var prompt = new Prompt([new ChatMessage("user", string.Concat(Enumerable.Repeat("12 + 30 = ", 8)))]);
        double? first = null;
        for (var round = 0; round < 12; round++)
        {
            await using var session = judge.Begin(prompt);
            var score = (await session.ScoreAsync([new Answer(0, "42")], Token))[0]!.Value.Value;
            var computed = judge.ComputedTokens;
            await session.ScoreAsync([new Answer(1, "41"), new Answer(2, "40")], Token);
            Assert.InRange(judge.ComputedTokens - computed, 1, 60);
            Assert.Equal(first ??= score, score, 1e-4);
        }
    }

    [Fact]
    public async Task Many_sessions_with_more_prompts_than_there_is_room_for_all_get_scores()
    {
        using var judge = Load(tokens: 256);
        var sessions = Enumerable.Range(0, 20)
            .Select(i => judge.Begin(new Prompt([new ChatMessage("user", $"How much is {i} + 30?")]))).ToArray();
        var together = await Task.WhenAll(sessions.Select(s => s.ScoreAsync([new Answer(0, "42"), new Answer(1, "7")], Token)));
        using var large = Load();
        for (var i = 0; i < sessions.Length; i++)
        {
            await using var session = large.Begin(new Prompt([new ChatMessage("user", $"How much is {i} + 30?")]));
            var expected = await session.ScoreAsync([new Answer(0, "42"), new Answer(1, "7")], Token);
            Assert.All(expected.Zip(together[i]), pair => Assert.Equal(pair.First!.Value.Value, pair.Second!.Value.Value, 1e-4));
            await sessions[i].DisposeAsync();
        }
    }

    [Fact]
    public async Task A_conversation_that_is_too_long_is_refused_and_an_answer_that_is_costs_only_itself()
    {
        using var judge = Load(tokens: 128);
        var text = string.Concat(Enumerable.Repeat("12 + 30 ", 100));
        await using var tooLong = judge.Begin(new Prompt([new ChatMessage("user", text)]));
        var refusal = await Assert.ThrowsAsync<ScoringFailedException>(() => tooLong.ScoreAsync([new Answer(0, "1")], Token));
        Assert.True(refusal.Failure.IsCallersFault);
        await using var session = judge.Begin(new Prompt([new ChatMessage("user", "12 + 30?")]));
        var scores = await session.ScoreAsync([new Answer(0, text), new Answer(1, "42")], Token);
        Assert.Null(scores[0]);
        Assert.NotNull(scores[1]);
    }

    [Fact]
    public void A_head_that_does_not_fit_is_refused()
    {
        TestModels.SkipWithoutLlama();
        var (pocket, other) = (TestModels.Converted(TestModels.PocketReward), TestModels.Golden("llama-seqcls/plain"));
        Assert.Null(GgufRewardModel.HeadProblem(pocket, TestModels.HeadOf(pocket)));
        Assert.EndsWith("and one reward, found 32.", GgufRewardModel.HeadProblem(pocket, TestModels.HeadOf(other)));
        Assert.Contains("not a safetensors file", GgufRewardModel.HeadProblem(pocket, pocket), StringComparison.Ordinal);
        Assert.NotNull(GgufRewardModel.HeadProblem(pocket, pocket + ".nosuch"));
        var steps = TestModels.Golden("qwen2-prm/steps");
        Assert.Contains("scores the steps", GgufRewardModel.HeadProblem(steps, TestModels.HeadOf(steps)), StringComparison.Ordinal);
    }

    private static GgufRewardModel Load(int tokens = 4096)
    {
        TestModels.SkipWithoutLlama();
        var path = TestModels.Converted(TestModels.PocketReward);
        return GgufRewardModel.Load("judge", path, TestModels.HeadOf(path), new() { ContextTokens = tokens, IsExact = true });
    }
}
