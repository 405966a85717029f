namespace BestOfN.Models.Videos;

/// <summary>What the container says about its first video stream, and how many packets were found in it.</summary>
internal sealed record VideoStream(int Width, int Height, double FramesPerSecond, int? DeclaredFrames, int Packets);
