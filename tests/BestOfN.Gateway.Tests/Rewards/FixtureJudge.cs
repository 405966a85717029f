using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>Gives the scores of a fixture for its items, and fails when it is asked for anything else.</summary>
internal sealed class FixtureJudge(string name, string label, IReadOnlyList<JsonElement> items, IReadOnlyList<double> scores)
    : IInputRewardModel
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _asked = [];

    public string Name => name;

    public string Label => label;

    public string Digest => "00ff";

    public bool AcceptsPictures => true;

    public int MaxLength => 32_768;

    public int Asked
    {
        get
        {
            lock (_lock)
            {
                return _asked.Count;
            }
        }
    }

    public IScoringSession Begin(Prompt prompt) => throw new NotSupportedException("The reward server scores inputs.");

    public Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<InputReward>>([.. inputs.Select(input =>
            {
                var index = Enumerable.Range(0, items.Count).FirstOrDefault(i => !_asked.Contains(i) && Is(items[i], input), -1);
                Assert.True(index >= 0, $"No item of the fixture is {Describe(input)}.");
                _asked.Add(index);
                return new InputReward(scores[index], 10 + index, 5);
            })]);
        }
    }

    private static bool Is(JsonElement item, RewardInput input) => input switch
    {
        ConversationInput conversation => item.TryGetProperty("messages", out var messages)
            && IsTruncated(item) == !conversation.Answer.IsComplete
            && AreEqual(messages, [.. conversation.Prompt.Messages, conversation.Answer.ToMessage()]),
        TextInput text => !item.TryGetProperty("messages", out _) && item.TryGetProperty("text", out var expected)
            && expected.GetString() == text.Text
            && (!item.TryGetProperty("add_special_tokens", out var adds) || adds.GetBoolean() == text.AddsSpecialTokens),
        TokenInput tokens => item.TryGetProperty("input_ids", out var ids)
            && ids.EnumerateArray().Select(id => id.GetInt32()).SequenceEqual(tokens.Ids),
        _ => false,
    };

    private static bool IsTruncated(JsonElement item) => item.TryGetProperty("truncated", out var truncated) && truncated.GetBoolean();

    private static bool AreEqual(JsonElement messages, ChatMessage[] found) => messages.GetArrayLength() == found.Length
        && messages.EnumerateArray().Zip(found).All(pair =>
            pair.First.GetProperty("role").GetString() == pair.Second.Role && AreEqual(pair.First.GetProperty("content"), pair.Second));

    private static bool AreEqual(JsonElement content, ChatMessage message)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            return message.Parts.All(part => part is TextPart) && message.Text == content.GetString();
        }

        return content.GetArrayLength() == message.Parts.Count && content.EnumerateArray().Zip(message.Parts).All(pair => pair.Second switch
        {
            TextPart text => pair.First.GetProperty("type").GetString() == "text"
                && pair.First.GetProperty("text").GetString() == text.Text,
            ImagePart image => pair.First.GetProperty("type").GetString() == "image_url"
                && pair.First.GetProperty("image_url").GetProperty("url")
                    .GetString()!.Split(',')[1] == Convert.ToBase64String(image.Content.Span),
            _ => false,
        });
    }

    private static string Describe(RewardInput input) => input switch
    {
        ConversationInput conversation =>
            string.Join(" | ", conversation.Prompt.Messages.Append(conversation.Answer.ToMessage()).Select(Describe))
            + (conversation.Answer.IsComplete ? "" : " (truncated)"),
        TokenInput tokens => string.Join(' ', tokens.Ids),
        _ => input.ToString(),
    };

    private static string Describe(ChatMessage message) =>
        $"{message.Role}: {string.Join(" + ", message.Parts.Select(part => part is TextPart text ? text.Text : part.GetType().Name))}";
}
