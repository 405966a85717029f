using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>Scores an answer by its length, less three, and remembers what it was asked for.</summary>
internal sealed class LengthJudge : IInputRewardModel
{
    private readonly Lock _lock = new();

    public string Name => "judge";

    public string Label => "LABEL_0";

    public bool AcceptsPictures => true;

    public int MaxLength { get; init; } = 1000;

    public List<RewardInput> Inputs { get; } = [];

    /// <summary>Calls that are at work.</summary>
    public int Working { get; private set; }

    public int MostWorking { get; private set; }

    /// <summary>Every call waits for it.</summary>
    public Task Gate { get; init; } = Task.CompletedTask;

    public double Offset { get; init; } = -3;

    public IScoringSession Begin(Prompt prompt) => throw new NotSupportedException("The reward server scores inputs.");

    public async Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Inputs.AddRange(inputs);
            MostWorking = Math.Max(MostWorking, ++Working);
        }

        try
        {
            await Gate.WaitAsync(cancellationToken);
            return [.. inputs.Select(input => Score(input, limit))];
        }
        finally
        {
            lock (_lock)
            {
                Working--;
            }
        }
    }

    private InputReward Score(RewardInput input, InputLimit limit)
    {
        var length = input switch
        {
            ConversationInput conversation => conversation.Answer.Text.Length,
            TextInput text => text.Text.Length,
            _ => ((TokenInput)input).Ids.Count,
        };
        var most = Math.Min(limit.MaxTokens ?? int.MaxValue, MaxLength);
        return length > most && !limit.Cuts ? new InputReward(null, length, 1)
            : new InputReward(Math.Min(length, most) + Offset, length, 1) { IsCut = length > most };
    }
}
