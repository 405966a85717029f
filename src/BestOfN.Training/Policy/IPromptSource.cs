namespace BestOfN.Training.Policy;

/// <summary>Where the prompts of a training come from: worlds, which can check answers, or files.</summary>
internal interface IPromptSource
{
    /// <summary>The prompts of a step, all of one kind. They depend on the step alone.</summary>
    IReadOnlyList<PolicyPrompt> Draw(int step, int count);

    /// <summary>The prompts that the policy is measured on, by the name of their kind; never trained on.</summary>
    IReadOnlyList<(string Name, IReadOnlyList<PolicyPrompt> Prompts)> HeldOut(int count);

    /// <summary>Identity of the data.</summary>
    string Digest { get; }
}
