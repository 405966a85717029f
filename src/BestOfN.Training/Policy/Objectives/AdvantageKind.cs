namespace BestOfN.Training.Policy.Objectives;

/// <summary>What an answer's score is compared with.</summary>
public enum AdvantageKind
{
    /// <summary>(R − mean) / (deviation of the group + ε): Shao et al. 2024, https://arxiv.org/abs/2402.03300.</summary>
    Grpo,

    /// <summary>R − mean: Liu et al. 2025 (Dr. GRPO), https://arxiv.org/abs/2503.20783.</summary>
    DrGrpo,

    /// <summary>R − mean of the others: Ahmadian et al. 2024 (RLOO), https://arxiv.org/abs/2402.14740.</summary>
    Rloo,

    /// <summary>(R − mean) / (deviation of the whole batch + ε).</summary>
    BatchStd,

    /// <summary>R − mean, whitened over all answers of the batch: Hu 2025 (REINFORCE++), https://arxiv.org/abs/2501.03262.</summary>
    ReinforcePlusPlus,

    /// <summary>R − R of the greedy answer: Li et al. 2023 (ReMax), https://arxiv.org/abs/2310.10505.</summary>
    ReMax,
}
