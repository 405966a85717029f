namespace BestOfN.Data.Worlds;

/// <summary>The two disjoint halves of a world: a problem belongs to one of them by its content, whatever the seed.</summary>
public enum Split
{
    Training,

    /// <summary>About one problem in ten.</summary>
    HeldOut,
}
